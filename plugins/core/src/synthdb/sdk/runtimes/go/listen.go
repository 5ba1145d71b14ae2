package synthdb

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strconv"
	"strings"
	"time"
)

// Op is what a commit did to a row.
type Op string

// OpInsert is a row that is new, or came to be one that is followed or may be seen: it has New.
const OpInsert Op = "insert"

// OpUpdate is a row with other values than before: it has Old, New and Changed.
const OpUpdate Op = "update"

// OpDelete is a row that is no more: it has Old.
const OpDelete Op = "delete"

// OpLeave is a row that is no longer one that is followed or may be seen: it has Old.
const OpLeave Op = "leave"

// LiveChange is what a commit did to a row; keep Seq once it is dealt with. Rows have the columns that their table has now.
type LiveChange[R any] struct {
	Seq     string          `json:"seq"`
	Commit  string          `json:"commit"`
	At      time.Time       `json:"at"`
	Branch  string          `json:"branch"`
	Table   string          `json:"table"`
	Op      Op              `json:"op"`
	Key     json.RawMessage `json:"key"`
	Old     *R              `json:"old"`
	New     *R              `json:"new"`
	Changed []string        `json:"changed"`
}

const mostPauses = 10

// Listen is told of changes as they are made, in some tables or all. It ends when the context does; a connection that breaks,
// or on which nothing comes for the Timeout of the options, is made again by itself. since is the Seq of the last change
// that was dealt with, of an earlier run, or "" for what comes from now on. The error is an Error, with the code
// history_gone if the changes after since are no longer kept, or a ConnectionError if there was no answer for a long time.
func (c *Client) Listen(ctx context.Context, since string, tables ...string) iter.Seq2[LiveChange[json.RawMessage], error] {
	target := "/realtime/v1/" + c.session.place() + "/changes" + given("tables", strings.Join(tables, ","))
	return listen[json.RawMessage](ctx, c.session.transport, target, since)
}

// Listen is told of changes of rows of which all conditions are true, before or after; see Listen of the client.
func (t TableClient[R, I, U]) Listen(ctx context.Context, since string, conditions ...Condition) iter.Seq2[LiveChange[R], error] {
	parameters := make([][2]string, len(conditions))
	for number, condition := range conditions {
		parameters[number] = condition.parameter("")
	}
	target := "/realtime/v1/" + t.session.place() + "/changes/" + segment(t.name) + queryString(parameters)
	return listen[R](ctx, t.session.transport, target, since)
}

func listen[R any](ctx context.Context, t *transport, target, since string) iter.Seq2[LiveChange[R], error] {
	return func(yield func(LiveChange[R], error) bool) {
		var none LiveChange[R]
		follower := follower{transport: t, target: target, since: since}
		for ctx.Err() == nil {
			err := follower.connect(ctx, func(data []byte) (bool, error) {
				var change LiveChange[R]
				err := json.Unmarshal(data, &change)
				return err == nil && yield(change, nil), err
			})
			if errors.Is(err, errDone) || ctx.Err() != nil {
				return
			}
			if err != nil && (follower.attempt >= mostPauses || !isPassing(err)) {
				yield(none, err)
				return
			}
			follower.rest(ctx)
		}
	}
}

// errDone says that whoever listens has had enough.
var errDone = errors.New("done")

// follower is where one that listens has come to.
type follower struct {
	transport *transport
	target    string
	since     string
	attempt   int
	asked     time.Duration
}

// connect follows on one connection, to its end, which is an error unless the server has said that it is to be gone on.
func (f *follower) connect(ctx context.Context, take func([]byte) (bool, error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silence := time.AfterFunc(f.transport.timeout, cancel)
	defer silence.Stop()
	sent := request{method: "GET", target: f.target, header: map[string]string{"Accept": "text/event-stream"}}
	if f.since != "" {
		sent.header["Last-Event-ID"] = f.since
	}
	f.asked = 0
	body, err := f.transport.stream(ctx, sent)
	if err != nil {
		return err
	}
	defer body.Close()
	isOver := false
	lines := &eventReader{lines: bufio.NewReader(body), wait: func() { silence.Reset(f.transport.timeout) }}
	for {
		found, err := lines.next()
		if err != nil {
			if isOver {
				return nil
			}
			f.asked = 0
			return unanswered(sent, err)
		}
		// Whoever deals with a change may take his time.
		silence.Stop()
		over, err := f.deal(found, take)
		if err != nil {
			return err
		}
		isOver = isOver || over
	}
}

// deal deals with an event, and tells whether it says that the stream is over, to be gone on with.
func (f *follower) deal(found event, take func([]byte) (bool, error)) (bool, error) {
	f.attempt = 0
	if found.id != "" {
		f.since = found.id
	}
	if milliseconds, err := strconv.Atoi(found.retry); err == nil {
		f.asked = time.Duration(milliseconds) * time.Millisecond
	}
	switch found.name {
	case "change":
		more, err := take([]byte(found.data))
		if err == nil && !more {
			err = errDone
		}
		return false, err
	case "problem":
		var facts struct{ Status int }
		err := json.Unmarshal([]byte(found.data), &facts)
		if err == nil {
			err = refusal(facts.Status, []byte(found.data))
		}
		return false, err
	case "resync":
		var facts struct{ Lost bool }
		err := json.Unmarshal([]byte(found.data), &facts)
		if err == nil && facts.Lost {
			message := "the changes after the last one that was seen are no longer kept: read everything again"
			err = &Error{Status: 410, Code: "history_gone", Message: message}
		}
		return true, err
	}
	return found.name == "end", nil
}

func (f *follower) rest(ctx context.Context) {
	pause := max(f.transport.pause(f.attempt, nil), f.asked)
	f.attempt++
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}

func isPassing(err error) bool {
	var unanswered *ConnectionError
	return errors.As(err, &unanswered) || errors.Is(err, ErrUnavailable)
}

type event struct{ name, id, data, retry string }

// eventReader puts lines together; an event that was not sent to its end, which is an empty line, is none.
type eventReader struct {
	lines *bufio.Reader
	wait  func()
}

func (r *eventReader) next() (event, error) {
	var found event
	for {
		r.wait()
		line, err := r.lines.ReadString('\n')
		if err != nil {
			return found, err
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "event":
			found.name = value
		case "id":
			found.id = value
		case "data":
			found.data = value
		case "retry":
			found.retry = value
		case "":
			if line == "\n" {
				return found, nil
			}
		}
	}
}
