// Package synthdb is a client of a SynthDB database over HTTP. It needs the standard library and nothing else.
package synthdb

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"time"
)

// Client is a database on a server, at one of its states. It can be used by many goroutines at once.
type Client struct {
	session session
	tables  map[string]tableFacts
}

func open(address, database, fingerprint string, tables map[string]tableFacts, options Options) (*Client, error) {
	made, err := newTransport(address, fingerprint, options)
	if err != nil {
		return nil, err
	}
	if options.Database != "" {
		database = options.Database
	}
	return &Client{session{transport: made, database: database}, tables}, nil
}

// At gives a client of another state: a branch, a tag, a commit, or branch@moment; "" is main.
func (c *Client) At(ref string) *Client {
	made := *c
	made.session.ref = ref
	return &made
}

// Batchable is a write of any table.
type Batchable interface {
	request() (request, error)
}

// BatchResult is what one write of a batch was answered.
type BatchResult struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

type operation struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// Batch does several writes at once: all or none if atomic. It has no key, so it is sent once.
func (c *Client) Batch(ctx context.Context, atomic bool, writes ...Batchable) ([]BatchResult, error) {
	operations := make([]operation, len(writes))
	for number, write := range writes {
		sent, err := write.request()
		if err != nil {
			return nil, err
		}
		if sent.body != nil && sent.header["Content-Type"] != acceptJSON {
			sent.body, _ = json.Marshal(string(sent.body)) // A text always is JSON.
		}
		target := strings.TrimPrefix(sent.target, c.session.table(""))
		operations[number] = operation{sent.method, target, sent.header, sent.body}
	}
	var found struct {
		Results []BatchResult `json:"results"`
	}
	body := map[string]any{"operations": operations, "atomic": atomic}
	err := c.session.ask(ctx, "POST", "batch", nil, body, &found)
	return found.Results, err
}

// SQL runs SQL that only reads, at this state. Numbers in the rows are json.Number, with all their digits.
func (c *Client) SQL(ctx context.Context, statement string, parameters ...any) ([]map[string]any, error) {
	var found struct {
		Rows []map[string]any `json:"rows"`
	}
	if parameters == nil {
		parameters = []any{}
	}
	body := map[string]any{"statement": statement, "parameters": parameters}
	err := c.session.ask(ctx, "POST", "sql", nil, body, &found)
	return found.Rows, err
}

// Change is what a commit did to a row. Keep Offset once the last change of its commit is dealt with.
type Change struct {
	Offset  string          `json:"offset"`
	At      time.Time       `json:"at"`
	Branch  string          `json:"branch"`
	Author  string          `json:"author"`
	Message string          `json:"message"`
	Table   string          `json:"table"`
	Change  string          `json:"change"`
	Key     json.RawMessage `json:"key"`
	Old     json.RawMessage `json:"old"`
	New     json.RawMessage `json:"new"`
}

const changesPage = 1_000

// Changes reads what commits changed, in their order, behind the offset of the last change that was dealt with; "" is the
// beginning. With wait it looks for more until the context ends; else it ends where there is nothing more now.
func (c *Client) Changes(
	ctx context.Context, since string, wait time.Duration, tables ...string,
) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for {
			var page []Change
			parameters := given("since", since, "tables", strings.Join(tables, ","), "limit", fmt.Sprint(changesPage))
			if err := c.session.ask(ctx, "GET", "changes"+parameters, nil, nil, &page); err != nil {
				yield(Change{}, err)
				return
			}
			for _, change := range page {
				if since = change.Offset; !yield(change, nil) {
					return
				}
			}
			if len(page) >= changesPage {
				continue
			}
			if wait == 0 {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
	}
}

// Branch describes a branch or a tag.
type Branch struct {
	Name      string     `json:"name"`
	Parent    string     `json:"parent"`
	Fork      string     `json:"fork"`
	Created   time.Time  `json:"created"`
	Author    string     `json:"author"`
	Head      string     `json:"head"`
	Protected bool       `json:"protected"`
	Expires   *time.Time `json:"expires"`
	Comment   string     `json:"comment"`
}

// CreateBranch makes a branch from the state of this client.
func (c *Client) CreateBranch(ctx context.Context, name string) (Branch, error) {
	var made Branch
	err := c.session.ask(ctx, "POST", "branches", nil, map[string]any{"name": name}, &made)
	return made, err
}

// Branches lists the branches.
func (c *Client) Branches(ctx context.Context) ([]Branch, error) {
	const size = 100
	var found, page []Branch
	for after := ""; ; after = page[len(page)-1].Name {
		page = nil
		err := c.session.ask(ctx, "GET", "branches"+given("limit", fmt.Sprint(size), "after", after), nil, nil, &page)
		if found = append(found, page...); err != nil || len(page) < size {
			return found, err
		}
	}
}

// DeleteBranch removes a branch.
func (c *Client) DeleteBranch(ctx context.Context, name string) error {
	return c.session.ask(ctx, "DELETE", "branches/"+segment(name), nil, nil, nil)
}

// CreateTag names the state of this client.
func (c *Client) CreateTag(ctx context.Context, name string) error {
	return c.session.ask(ctx, "POST", "tags", nil, map[string]any{"name": name}, nil)
}

// DeleteTag removes a tag; the state stays.
func (c *Client) DeleteTag(ctx context.Context, name string) error {
	return c.session.ask(ctx, "DELETE", "tags/"+segment(name), nil, nil, nil)
}

// MergeReport says what a merge changed, or in a dry run would.
type MergeReport struct {
	Commit    string                    `json:"commit"`
	DryRun    bool                      `json:"dry_run"`
	Tables    map[string]map[string]int `json:"tables"`
	Conflicts []map[string]any          `json:"conflicts"`
}

// Merge merges a branch into this one; conflicts are in the Data of the error, which is ErrConflict.
func (c *Client) Merge(ctx context.Context, source, message string, dryRun bool) (MergeReport, error) {
	var report MergeReport
	header := map[string]string{}
	if message != "" {
		header["Commit-Message"] = segment(message)
	}
	err := c.session.ask(ctx, "POST", "merge", header, map[string]any{"source": source, "dry_run": dryRun}, &report)
	return report, err
}

// Diff compares two states; options are those of the meta interface: target, tables, detail, three_dot, limit.
func (c *Client) Diff(ctx context.Context, base string, options url.Values) ([]map[string]any, error) {
	var found []map[string]any
	err := c.session.ask(ctx, "GET", "diff?"+with(options, "base", base), nil, nil, &found)
	return found, err
}

// Commits lists commits, newest first; options are those of the meta interface: table, author, before, limit ...
func (c *Client) Commits(ctx context.Context, options url.Values) ([]map[string]any, error) {
	var found []map[string]any
	err := c.session.ask(ctx, "GET", "commits?"+options.Encode(), nil, nil, &found)
	return found, err
}

func with(options url.Values, name, value string) string {
	made := url.Values{name: {value}}
	for name, values := range options {
		made[name] = values
	}
	return made.Encode()
}

// given writes those parameters that have a value.
func given(pairs ...string) string {
	var parameters [][2]string
	for number := 0; number < len(pairs); number += 2 {
		if pairs[number+1] != "" {
			parameters = append(parameters, [2]string{pairs[number], pairs[number+1]})
		}
	}
	return queryString(parameters)
}
