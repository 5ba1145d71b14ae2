package synthdb

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"time"
)

// Decimal is a number with all its digits, such as "8.50".
type Decimal string

var decimalText = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// Rat gives the number to reckon with.
func (d Decimal) Rat() (*big.Rat, bool) {
	return new(big.Rat).SetString(string(d))
}

// MarshalJSON writes the number as it stands.
func (d Decimal) MarshalJSON() ([]byte, error) {
	if !decimalText.MatchString(string(d)) {
		return nil, fmt.Errorf("%q is not a decimal number", string(d))
	}
	return []byte(d), nil
}

// UnmarshalJSON reads a number, and keeps every digit.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	*d = Decimal(bytes.Trim(data, `"`))
	return nil
}

// Date is a day: "2024-02-29".
type Date string

// Time gives the beginning of the day in UTC.
func (d Date) Time() (time.Time, error) {
	return time.Parse(time.DateOnly, string(d))
}

// DateOf gives the day of a time.
func DateOf(t time.Time) Date {
	return Date(t.Format(time.DateOnly))
}

// Field is a value to write that may be absent, as the zero Field is, or null.
type Field[T any] struct {
	value  T
	isSet  bool
	isNull bool
	ref    string
}

// Set gives a value to write.
func Set[T any](value T) Field[T] {
	return Field[T]{value: value, isSet: true}
}

// Null gives null to write: Null[string]().
func Null[T any]() Field[T] {
	return Field[T]{isSet: true, isNull: true}
}

// Ref means, in a later write of a batch, a value of the one row that an earlier one writes; these count from 0.
func Ref[T any](operation int, column Column) Field[T] {
	return Field[T]{isSet: true, ref: fmt.Sprintf("$%d.%s", operation, column)}
}

// IsZero tells whether the field is absent.
func (f Field[T]) IsZero() bool {
	return !f.isSet
}

// MarshalJSON writes the value, or null.
func (f Field[T]) MarshalJSON() ([]byte, error) {
	if f.isNull || !f.isSet {
		return []byte("null"), nil
	}
	if f.ref != "" {
		return json.Marshal(f.ref)
	}
	return json.Marshal(f.value)
}

// Ptr gives a pointer to a value, as columns hold that may be null.
func Ptr[T any](value T) *T {
	return &value
}

type cell struct {
	column string
	value  any
}

// values are what a generated type writes, column by column.
type values interface {
	cells() []cell
}

// encode writes the cells that are not absent as a JSON object.
func encode(cells []cell) ([]byte, error) {
	buffer := bytes.NewBufferString("{")
	for _, item := range cells {
		if field, ok := item.value.(interface{ IsZero() bool }); ok && isAbsent(field) {
			continue
		}
		name, err := json.Marshal(item.column)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(item.value)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", item.column, err)
		}
		if buffer.Len() > 1 {
			buffer.WriteByte(',')
		}
		buffer.Write(name)
		buffer.WriteByte(':')
		buffer.Write(value)
	}
	buffer.WriteByte('}')
	return buffer.Bytes(), nil
}

// isAbsent keeps times apart from fields: a zero time is a time.
func isAbsent(value interface{ IsZero() bool }) bool {
	_, isTime := value.(time.Time)
	return !isTime && value.IsZero()
}

// decode reads a JSON object into the variables for its members; what is not known is left out.
func decode(data []byte, into map[string]any) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	for name, value := range members {
		target, ok := into[name]
		if !ok {
			continue
		}
		if err := json.Unmarshal(value, target); err != nil {
			return fmt.Errorf("column %q: %w", name, err)
		}
	}
	return nil
}

// text writes a value as it stands in an address.
func text(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case Decimal:
		return string(value)
	case Date:
		return string(value)
	case []byte:
		return base64.StdEncoding.EncodeToString(value)
	case json.RawMessage:
		return string(value)
	case time.Time:
		return value.UTC().Format(time.RFC3339Nano)
	case float64:
		return strconv.FormatFloat(value, 'g', -1, 64)
	default:
		return fmt.Sprint(value)
	}
}
