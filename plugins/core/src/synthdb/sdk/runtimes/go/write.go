package synthdb

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// Write is a write that was not sent yet. Every method gives a new one. An update or delete needs a condition, a key or
// EveryRow.
type Write[R any] struct {
	session     session
	table       string
	method      string
	body        []byte
	contentType string
	key         []any
	conditions  []Condition
	preferences []string
	parameters  [][2]string
	header      map[string]string
	err         error
}

// Where means the rows of which conditions are true.
func (w Write[R]) Where(conditions ...Condition) Write[R] {
	w.conditions = append(append([]Condition{}, w.conditions...), conditions...)
	return w
}

// Key means the one row with this key; that there is none is an error.
func (w Write[R]) Key(key ...any) Write[R] { w.key = key; return w }

// IfMatch writes only if the row is still what it was when its ETag was read; else the error is ErrChanged.
func (w Write[R]) IfMatch(etag string) Write[R] {
	if etag == "" {
		w.err = fmt.Errorf("the row of %q was read without an ETag", w.table)
	}
	return w.with("If-Match", etag)
}

// AtMost refuses to write more rows than these.
func (w Write[R]) AtMost(rows int) Write[R] { return w.prefer(fmt.Sprintf("max-affected=%d", rows)) }

// EveryRow allows that all rows are written, without a condition.
func (w Write[R]) EveryRow() Write[R] { return w.prefer("full-table=allow") }

// DryRun does everything and undoes it, to see what would happen.
func (w Write[R]) DryRun() Write[R] { return w.prefer("tx=rollback") }

// Message keeps a message with the commit.
func (w Write[R]) Message(message string) Write[R] { return w.with("Commit-Message", segment(message)) }

// Exec writes.
func (w Write[R]) Exec(ctx context.Context) (Answer, error) {
	sent, err := w.request()
	if err != nil {
		return Answer{}, err
	}
	found, err := w.session.transport.send(ctx, sent)
	return answerOf(found), err
}

// Rows writes, and gives the rows written, with some of their columns or all.
func (w Write[R]) Rows(ctx context.Context, columns ...Column) ([]R, error) {
	w = w.Returning(columns...)
	sent, err := w.request()
	if err != nil {
		return nil, err
	}
	found, err := w.session.transport.send(ctx, sent)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(found.body, []byte("{")) {
		found.body = append(append([]byte("["), found.body...), ']')
	}
	rows := []R{}
	return rows, json.Unmarshal(found.body, &rows)
}

// Row writes, and gives the one row written; if it was none, or several, which are written now, the error is
// ErrNotSingular.
func (w Write[R]) Row(ctx context.Context, columns ...Column) (R, error) {
	rows, err := w.Rows(ctx, columns...)
	if err == nil && len(rows) != 1 {
		err = ErrNotSingular
	}
	if err != nil {
		var none R
		return none, err
	}
	return rows[0], nil
}

// Returning asks for the rows written, which Rows and Row do by themselves; a batch needs it.
func (w Write[R]) Returning(columns ...Column) Write[R] {
	if len(columns) > 0 {
		w.parameters = append(append([][2]string{}, w.parameters...), [2]string{"select", quotedNames(columns)})
	}
	return w.prefer("return=representation")
}

func (w Write[R]) prefer(preference string) Write[R] {
	w.preferences = append(append([]string{}, w.preferences...), preference)
	return w
}

func (w Write[R]) with(name, value string) Write[R] {
	header := map[string]string{name: value}
	for known, value := range w.header {
		header[known] = value
	}
	w.header = header
	return w
}

func (w Write[R]) request() (request, error) {
	header := map[string]string{"Accept": acceptJSON}
	if len(w.preferences) > 0 {
		header["Prefer"] = strings.Join(w.preferences, ", ")
	}
	if w.body != nil {
		header["Content-Type"] = w.contentType
	}
	for name, value := range w.header {
		header[name] = value
	}
	target := w.session.table(w.table)
	if w.key != nil {
		target += "/" + keyPath(w.key)
	}
	parameters := append([][2]string{}, w.parameters...)
	for _, condition := range w.conditions {
		parameters = append(parameters, condition.parameter(""))
	}
	return request{method: w.method, target: target + queryString(parameters), header: header, body: w.body}, w.err
}

// Table is a table: R are its rows, I rows to insert, U values to update.
type Table[R any, I, U values] struct {
	name string
}

// TableClient is a table of a database at one state.
type TableClient[R any, I, U values] struct {
	session session
	name    string
	tables  map[string]tableFacts
}

// In gives the table of a client.
func (t Table[R, I, U]) In(client *Client) TableClient[R, I, U] {
	return TableClient[R, I, U]{client.session, t.name, client.tables}
}

// Select begins a query, of some columns or all.
func (t TableClient[R, I, U]) Select(columns ...Column) Query[R] {
	return Query[R]{session: t.session, level: level{table: t.name, tables: t.tables, columns: columns}}
}

// Get reads the row with a key; the answer has its ETag.
func (t TableClient[R, I, U]) Get(ctx context.Context, key ...any) (R, Answer, error) {
	var row R
	target := t.session.table(t.name) + "/" + keyPath(key)
	sent := request{method: "GET", target: target, header: map[string]string{"Accept": acceptJSON}}
	found, err := t.session.transport.send(ctx, sent)
	if err != nil {
		return row, Answer{}, err
	}
	return row, answerOf(found), json.Unmarshal(found.body, &row)
}

// Insert inserts rows: all or none.
func (t TableClient[R, I, U]) Insert(rows ...I) Write[R] { return bulk[R](t.session, t.name, rows) }

// InsertCSV inserts rows of CSV whose first line names the columns.
func (t TableClient[R, I, U]) InsertCSV(csv string) Write[R] {
	return Write[R]{session: t.session, table: t.name, method: "POST", body: []byte(csv), contentType: "text/csv"}
}

// Upsert inserts rows, or updates those that exist with the columns given; on are unique columns, by default the key.
func (t TableClient[R, I, U]) Upsert(on []Column, rows ...I) Write[R] {
	return resolving(bulk[R](t.session, t.name, rows), on, "merge")
}

// Merge is Upsert with rows that may lack columns which a new row must have.
func (t TableClient[R, I, U]) Merge(on []Column, rows ...U) Write[R] {
	return resolving(bulk[R](t.session, t.name, rows), on, "merge")
}

// InsertMissing inserts rows, and leaves those that exist as they are.
func (t TableClient[R, I, U]) InsertMissing(on []Column, rows ...I) Write[R] {
	return resolving(bulk[R](t.session, t.name, rows), on, "ignore")
}

// UpdateEach sets on each row, known by its key or the unique columns in on, what is given for it; all or none.
func (t TableClient[R, I, U]) UpdateEach(on []Column, rows ...U) Write[R] {
	made := bulk[R](t.session, t.name, rows)
	made.method = "PATCH"
	if len(on) > 0 {
		made.parameters = [][2]string{{"on_conflict", quotedNames(on)}}
	}
	return made
}

// Update updates the rows that are meant by what follows.
func (t TableClient[R, I, U]) Update(changes U) Write[R] {
	return single[R](t.session, t.name, "PATCH", changes)
}

// Replace puts a row at its key: it is inserted, or takes the place of the one there.
func (t TableClient[R, I, U]) Replace(row I, key ...any) Write[R] {
	return single[R](t.session, t.name, "PUT", row).Key(key...)
}

// Delete deletes the rows that are meant by what follows.
func (t TableClient[R, I, U]) Delete() Write[R] {
	return Write[R]{session: t.session, table: t.name, method: "DELETE"}
}

// History reads the versions of a row, newest first.
func (t TableClient[R, I, U]) History(ctx context.Context, key ...any) ([]map[string]any, error) {
	var found []map[string]any
	err := t.session.ask(ctx, "GET", "history/"+segment(t.name)+"/"+keyPath(key), nil, nil, &found)
	return found, err
}

func bulk[R any, V values](s session, table string, rows []V) Write[R] {
	made := Write[R]{session: s, table: table, method: "POST", contentType: acceptJSON}
	parts := make([][]byte, len(rows))
	for number, row := range rows {
		part, err := encode(row.cells())
		if err != nil {
			made.err = err
		}
		parts[number] = part
	}
	made.body = append(append([]byte("["), bytes.Join(parts, []byte(","))...), ']')
	return made
}

func single[R any, V values](s session, table, method string, row V) Write[R] {
	body, err := encode(row.cells())
	return Write[R]{session: s, table: table, method: method, contentType: acceptJSON, body: body, err: err}
}

func resolving[R any](write Write[R], on []Column, how string) Write[R] {
	if len(on) > 0 {
		write.parameters = [][2]string{{"on_conflict", quotedNames(on)}}
	}
	return write.prefer("resolution=" + how + "-duplicates")
}
