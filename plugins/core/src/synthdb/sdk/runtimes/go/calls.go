package synthdb

import (
	"context"
	"encoding/json"
	"net/http"
)

// SavedQuery is SQL with a name: what it is called with, and its rows.
type SavedQuery[A values, R any] struct {
	name string
}

// Call gives the rows of the query at the state of a client. It only reads, so it is repeated when no answer came.
// More rows than the server gives at once are an error that is ErrIncomplete.
func (q SavedQuery[A, R]) Call(ctx context.Context, client *Client, arguments A) ([]R, error) {
	body, err := encode(arguments.cells())
	if err != nil {
		return nil, err
	}
	header := map[string]string{"Accept": acceptJSON, "Content-Type": acceptJSON}
	target := client.session.table("rpc") + "/" + segment(q.name)
	found, err := client.session.transport.send(ctx, request{method: "POST", target: target, header: header, body: body, reads: true})
	if err != nil {
		return nil, err
	}
	if found.status == http.StatusPartialContent {
		return nil, ErrIncomplete
	}
	var rows []R
	err = json.Unmarshal(found.body, &rows)
	return rows, err
}
