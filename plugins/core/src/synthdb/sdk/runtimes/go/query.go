package synthdb

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Order says how to sort by a column.
type Order string

// Ways to sort; rows without a value come last ascending, first descending, unless something else is said.
const (
	Ascending           Order = ""
	Descending          Order = ".desc"
	AscendingNullsFirst Order = ".nullsfirst"
	DescendingNullsLast Order = ".desc.nullslast"
	defaultPage               = 500
	longestLine               = 64 << 20
	longestQuery              = 4_000
	acceptJSON                = "application/json"
	acceptObject              = "application/vnd.pgrst.object+json"
	acceptLines               = "application/x-ndjson"
	acceptCSV                 = "text/csv"
)

type relation struct {
	table  string
	target string
}

type tableFacts struct {
	key       []Column
	relations map[string]relation
}

// level is what a query and an embed have in common: columns, embeds, conditions, order and a part of the rows.
type level struct {
	table      string
	tables     map[string]tableFacts
	columns    []Column
	raw        string
	embeds     []Embed
	conditions []Condition
	terms      []string
	limit      int
	offset     int
	err        error
}

func (l level) selection() string {
	if l.raw != "" {
		return l.raw
	}
	items := []string{"*"}
	if len(l.columns) > 0 {
		items = []string{quotedNames(l.columns)}
	}
	for _, embed := range l.embeds {
		items = append(items, embed.item())
	}
	return strings.Join(items, ",")
}

func (l level) parameters(prefix string) [][2]string {
	var found [][2]string
	for _, condition := range l.conditions {
		found = append(found, condition.parameter(prefix))
	}
	if len(l.terms) > 0 {
		found = append(found, [2]string{prefix + "order", strings.Join(l.terms, ",")})
	}
	if l.limit > 0 {
		found = append(found, [2]string{prefix + "limit", strconv.Itoa(l.limit)})
	}
	if l.offset > 0 {
		found = append(found, [2]string{prefix + "offset", strconv.Itoa(l.offset)})
	}
	for _, embed := range l.embeds {
		found = append(found, embed.level.parameters(prefix+quoted(embed.relation)+".")...)
	}
	return found
}

func (l level) ordered(column Column, order Order) level {
	l.terms = append(slices.Clone(l.terms), quoted(string(column))+string(order))
	return l
}

func (l level) where(conditions []Condition) level {
	l.conditions = append(slices.Clone(l.conditions), conditions...)
	return l
}

func (l level) embedded(name string, build []func(Embed) Embed) level {
	found, ok := l.tables[l.table].relations[name]
	if !ok {
		l.err = fmt.Errorf("table %q has no relation %q", l.table, name)
		return l
	}
	embed := Embed{relation: name, target: found.target, level: level{table: found.table, tables: l.tables}}
	for _, step := range build {
		embed = step(embed)
	}
	if embed.level.err != nil {
		l.err = embed.level.err
	}
	l.embeds = append(slices.Clone(l.embeds), embed)
	return l
}

// Embed is related rows in a query.
type Embed struct {
	relation string
	target   string
	inner    bool
	level    level
}

// Select chooses columns; without a name all of them.
func (e Embed) Select(columns ...Column) Embed { e.level.columns = columns; return e }

// Where requires conditions.
func (e Embed) Where(conditions ...Condition) Embed { e.level = e.level.where(conditions); return e }

// Order sorts by a column.
func (e Embed) Order(column Column, order Order) Embed {
	e.level = e.level.ordered(column, order)
	return e
}

// Limit gives at most so many rows.
func (e Embed) Limit(rows int) Embed { e.level.limit = rows; return e }

// Embed puts rows related to these into them.
func (e Embed) Embed(relation string, build ...func(Embed) Embed) Embed {
	e.level = e.level.embedded(relation, build)
	return e
}

// Required leaves out rows that have no such related row.
func (e Embed) Required() Embed { e.inner = true; return e }

func (e Embed) item() string {
	inner := ""
	if e.inner {
		inner = "!inner"
	}
	return quoted(e.relation) + ":" + e.target + inner + "(" + e.level.selection() + ")"
}

// Query is a query of a table. Every method that narrows it gives a new one. Columns that were not selected are zero.
type Query[R any] struct {
	session session
	level   level
	count   string
}

// Where requires conditions.
func (q Query[R]) Where(conditions ...Condition) Query[R] {
	q.level = q.level.where(conditions)
	return q
}

// Order sorts by a column.
func (q Query[R]) Order(column Column, order Order) Query[R] {
	q.level = q.level.ordered(column, order)
	return q
}

// Limit gives at most so many rows.
func (q Query[R]) Limit(rows int) Query[R] { q.level.limit = rows; return q }

// Offset leaves out so many rows at the beginning.
func (q Query[R]) Offset(rows int) Query[R] { q.level.offset = rows; return q }

// Embed puts related rows into each row; build says which of their columns, which of them and in which order.
func (q Query[R]) Embed(relation string, build ...func(Embed) Embed) Query[R] {
	q.level = q.level.embedded(relation, build)
	return q
}

// Answer is what an answer said beside its rows.
type Answer struct {
	Status int
	Header map[string][]string
	// Total is how many rows there are in all, if that was asked.
	Total int64
	// ETag is the version of the row, for IfMatch.
	ETag string
	// Replayed says that the server had done this before, and gives the answer that got lost.
	Replayed bool
}

var totalRows = regexp.MustCompile(`/([0-9]+)$`)

func answerOf(found reply) Answer {
	made := Answer{Status: found.status, Header: found.header, ETag: found.header.Get("ETag")}
	made.Replayed = found.header.Get("Idempotent-Replayed") == "true"
	if match := totalRows.FindStringSubmatch(found.header.Get("Content-Range")); match != nil {
		made.Total, _ = strconv.ParseInt(match[1], 10, 64)
	}
	return made
}

func (q Query[R]) request(accept string) (request, error) {
	parameters := q.level.parameters("")
	if selection := q.level.selection(); selection != "*" {
		parameters = append([][2]string{{"select", selection}}, parameters...)
	}
	header := map[string]string{"Accept": accept}
	if q.count != "" {
		header["Prefer"] = "count=" + q.count
	}
	path, query := q.session.table(q.level.table), queryString(parameters)
	if len(query) <= longestQuery {
		return request{method: "GET", target: path + query, header: header}, q.level.err
	}
	// Servers and what stands before them take no longer addresses; in a body it means the same.
	header["Content-Type"] = "application/x-www-form-urlencoded"
	sent := request{method: "POST", target: path + "/query", header: header, body: []byte(query[1:]), reads: true}
	return sent, q.level.err
}

func (q Query[R]) ask(ctx context.Context, accept string) (reply, error) {
	sent, err := q.request(accept)
	if err != nil {
		return reply{}, err
	}
	return q.session.transport.send(ctx, sent)
}

// All reads the rows: all of them, a page at a time, if no limit is set.
func (q Query[R]) All(ctx context.Context) ([]R, error) {
	if q.level.limit > 0 {
		return q.Page(ctx)
	}
	found := []R{}
	for rows, err := range q.Pages(ctx, defaultPage) {
		if err != nil {
			return nil, err
		}
		found = append(found, rows...)
	}
	return found, nil
}

// Page reads the rows of one answer, at most as many as the server gives at once.
func (q Query[R]) Page(ctx context.Context) ([]R, error) {
	found, err := q.ask(ctx, acceptJSON)
	if err != nil {
		return nil, err
	}
	rows := []R{}
	return rows, json.Unmarshal(found.body, &rows)
}

// Single reads the one row there is; none, or several, is an error that is ErrNotSingular.
func (q Query[R]) Single(ctx context.Context) (R, error) {
	var row R
	found, err := q.ask(ctx, acceptObject)
	if err != nil {
		return row, err
	}
	return row, json.Unmarshal(found.body, &row)
}

// MaybeSingle reads the one row there is, or nil; several are an error that is ErrNotSingular.
func (q Query[R]) MaybeSingle(ctx context.Context) (*R, error) {
	if q.level.limit == 0 {
		q.level.limit = 2
	}
	rows, err := q.Page(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	if len(rows) > 1 {
		return nil, ErrNotSingular
	}
	return &rows[0], nil
}

// Count counts the rows without reading them.
func (q Query[R]) Count(ctx context.Context) (int64, error) {
	q.count = "exact"
	sent, err := q.Limit(1).request(acceptJSON)
	if err != nil {
		return 0, err
	}
	if sent.method == "GET" {
		sent.method = "HEAD"
	}
	found, err := q.session.transport.send(ctx, sent)
	return answerOf(found).Total, err
}

// CSV reads the rows as CSV.
func (q Query[R]) CSV(ctx context.Context) (string, error) {
	found, err := q.ask(ctx, acceptCSV)
	return string(found.body), err
}

// Raw reads rows selected by the grammar of the REST interface: aliases, casts, JSON paths, aggregates, spreads.
func (q Query[R]) Raw(ctx context.Context, selection string, into any) error {
	q.level.raw = selection
	found, err := q.ask(ctx, acceptJSON)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(found.body))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// Rows reads all rows one after another, so many with each request.
func (q Query[R]) Rows(ctx context.Context, page int) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for rows, err := range q.Pages(ctx, page) {
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
			if err != nil {
				var none R
				yield(none, err)
				return
			}
		}
	}
}

var nextLink = regexp.MustCompile(`<([^>]*)>\s*;[^,]*rel="?next"?`)

// Pages reads all rows page by page. A page begins where the one before ended, as the database was when the first page
// was read. Without an order of its own the query is sorted by the key.
func (q Query[R]) Pages(ctx context.Context, size int) iter.Seq2[[]R, error] {
	if len(q.level.terms) == 0 {
		for _, column := range q.level.tables[q.level.table].key {
			q = q.Order(column, Ascending)
		}
	}
	q.level.limit = size
	return func(yield func([]R, error) bool) {
		first := q.level.offset
		sent, err := q.request(acceptJSON)
		for more := true; more && err == nil; {
			var found reply
			rows := []R{}
			if found, err = q.session.transport.send(ctx, sent); err != nil {
				break
			}
			if err = json.Unmarshal(found.body, &rows); err != nil {
				break
			}
			if len(rows) > 0 && !yield(rows, nil) {
				return
			}
			first += size
			if link := nextLink.FindStringSubmatch(found.header.Get("Link")); link != nil {
				sent.target = strings.TrimPrefix(link[1], q.session.transport.base)
			} else if more = len(rows) == size; more {
				sent, err = q.Offset(first).request(acceptJSON)
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// Stream reads the rows of one answer as they come, without holding all of them.
func (q Query[R]) Stream(ctx context.Context) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		var none R
		sent, err := q.request(acceptLines)
		var body io.ReadCloser
		if err == nil {
			body, err = q.session.transport.stream(ctx, sent)
		}
		if err != nil {
			yield(none, err)
			return
		}
		defer body.Close()
		lines := bufio.NewScanner(body)
		lines.Buffer(nil, longestLine)
		for lines.Scan() {
			var row R
			if err := json.Unmarshal(lines.Bytes(), &row); !yield(row, err) || err != nil {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(none, unanswered(sent, err))
		}
	}
}
