package synthdb

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Column is the name of a column, or a path into one that was made by Path.
type Column string

// A path begins with a character that no name has.
const pathMark = "\x00"

var (
	simpleName = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_]*$`)
	plainValue = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	reserved   = map[string]bool{
		"select": true, "order": true, "limit": true, "offset": true, "and": true, "or": true, "not": true,
		"having": true, "columns": true, "on_conflict": true, "on_conflict_update": true, "cursor": true, "count": true,
	}
	escaping = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
)

// Path means a value in a JSON column, compared as text: Path("data", "tags", 0).
func Path(column Column, steps ...any) Column {
	return joined(column, steps, "->>")
}

// JSONPath means JSON in a JSON column, for Contains, ContainedIn and Overlaps.
func JSONPath(column Column, steps ...any) Column {
	return joined(column, steps, "->")
}

func joined(column Column, steps []any, last string) Column {
	found := quoted(string(column))
	for number, step := range steps {
		if number == len(steps)-1 {
			found += last
		} else {
			found += "->"
		}
		if index, ok := step.(int); ok {
			found += strconv.Itoa(index)
		} else {
			found += quoted(fmt.Sprint(step))
		}
	}
	return Column(pathMark + found)
}

// quoted writes a name so that it means a column whatever it is called.
func quoted(name string) string {
	if path, ok := strings.CutPrefix(name, pathMark); ok {
		return path
	}
	if simpleName.MatchString(name) && !reserved[name] {
		return name
	}
	return inQuotes(name)
}

func inQuotes(value string) string {
	return `"` + escaping.Replace(value) + `"`
}

func quotedValue(value string) string {
	if plainValue.MatchString(value) {
		return value
	}
	return inQuotes(value)
}

func quotedNames(columns []Column) string {
	names := make([]string, len(columns))
	for number, column := range columns {
		names[number] = quoted(string(column))
	}
	return strings.Join(names, ",")
}

// Condition is true or false of a row.
type Condition struct {
	name     string
	operator string
	operand  string
	isList   bool
	items    []Condition
	negated  bool
}

// Compare compares a column with a value by any operator of the REST interface: Compare("year", "gte", 1980).
func Compare(column Column, operator string, value any) Condition {
	return Condition{name: quoted(string(column)), operator: operator, operand: text(value)}
}

// Eq requires that a column equals a value.
func Eq(column Column, value any) Condition { return Compare(column, "eq", value) }

// Neq requires that a column has another value; one without a value has none.
func Neq(column Column, value any) Condition { return Compare(column, "neq", value) }

// Gt requires that a column is greater than a value.
func Gt(column Column, value any) Condition { return Compare(column, "gt", value) }

// Gte requires that a column is at least a value.
func Gte(column Column, value any) Condition { return Compare(column, "gte", value) }

// Lt requires that a column is less than a value.
func Lt(column Column, value any) Condition { return Compare(column, "lt", value) }

// Lte requires that a column is at most a value.
func Lte(column Column, value any) Condition { return Compare(column, "lte", value) }

// Like requires that a text fits a pattern, in which % is any text and _ one character.
func Like(column Column, pattern string) Condition { return Compare(column, "like", pattern) }

// ILike is Like, whatever the case of ASCII letters.
func ILike(column Column, pattern string) Condition { return Compare(column, "ilike", pattern) }

// Match requires that a text fits a regular expression.
func Match(column Column, expression string) Condition { return Compare(column, "match", expression) }

// IsNull requires that a column has no value.
func IsNull(column Column) Condition { return Compare(column, "is", "null") }

// NotNull requires that a column has a value.
func NotNull(column Column) Condition { return Compare(column, "is", "not_null") }

// In requires that a column has one of some values.
func In[T any](column Column, list ...T) Condition {
	shown := make([]string, len(list))
	for number, value := range list {
		shown[number] = quotedValue(text(value))
	}
	operand := "(" + strings.Join(shown, ",") + ")"
	return Condition{name: quoted(string(column)), operator: "in", operand: operand, isList: true}
}

// Contains requires that JSON contains other JSON.
func Contains(column Column, value any) Condition { return Compare(column, "cs", asJSON(value)) }

// ContainedIn requires that JSON is contained in other JSON.
func ContainedIn(column Column, value any) Condition { return Compare(column, "cd", asJSON(value)) }

// Overlaps requires that two JSON arrays have an element in common, or two objects a member.
func Overlaps(column Column, value any) Condition { return Compare(column, "ov", asJSON(value)) }

// AllOf requires all of some conditions.
func AllOf(items ...Condition) Condition { return Condition{name: "and", items: items} }

// AnyOf requires any of some conditions.
func AnyOf(items ...Condition) Condition { return Condition{name: "or", items: items} }

// Not requires that a condition is false.
func Not(item Condition) Condition {
	item.negated = !item.negated
	return item
}

func asJSON(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(encoded)
}

// parameter writes the condition as a parameter of an address.
func (c Condition) parameter(prefix string) [2]string {
	if c.items != nil {
		return [2]string{prefix + c.prefixed(c.name), c.group()}
	}
	return [2]string{prefix + c.name, c.prefixed(c.operator) + "." + c.operand}
}

// term writes the condition within a group.
func (c Condition) term() string {
	if c.items != nil {
		return c.prefixed(c.name) + c.group()
	}
	operand := c.operand
	if !c.isList {
		operand = quotedValue(operand)
	}
	return c.name + "." + c.prefixed(c.operator) + "." + operand
}

func (c Condition) group() string {
	terms := make([]string, len(c.items))
	for number, item := range c.items {
		terms[number] = item.term()
	}
	return "(" + strings.Join(terms, ",") + ")"
}

func (c Condition) prefixed(word string) string {
	if c.negated {
		return "not." + word
	}
	return word
}

// queryString writes parameters as they stand behind a path.
func queryString(parameters [][2]string) string {
	parts := make([]string, len(parameters))
	for number, item := range parameters {
		parts[number] = url.QueryEscape(item[0]) + "=" + url.QueryEscape(item[1])
	}
	if len(parts) == 0 {
		return ""
	}
	return "?" + strings.Join(parts, "&")
}

// segment writes a text as one part of a path.
func segment(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}

// keyPath writes a key as a part of a path, with commas between the values of several columns.
func keyPath(key []any) string {
	parts := make([]string, len(key))
	for number, part := range key {
		parts[number] = segment(text(part))
	}
	return strings.Join(parts, ",")
}
