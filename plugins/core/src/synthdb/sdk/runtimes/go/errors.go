package synthdb

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Kinds of refusals, for errors.Is.
var (
	ErrBadRequest  = errors.New("the request is not right")
	ErrForbidden   = errors.New("the caller is not known, or may not do this")
	ErrNotFound    = errors.New("there is no such row, table, database or state")
	ErrConflict    = errors.New("something that is there is in the way")
	ErrChanged     = errors.New("the row is not any more what it was when it was read")
	ErrUnavailable = errors.New("the server cannot do this now")
	ErrNotSingular = errors.New("there is not exactly one row")
	ErrIncomplete  = errors.New("the query has more rows than the server gives at once")
)

var kinds = map[int]error{
	401: ErrForbidden, 403: ErrForbidden, 404: ErrNotFound, 410: ErrNotFound, 409: ErrConflict, 412: ErrChanged,
	406: ErrNotSingular, 429: ErrUnavailable, 502: ErrUnavailable, 503: ErrUnavailable, 504: ErrUnavailable,
}

// Error is a refusal. Code never changes its meaning; each has a page at /errors/CODE on the server. Details names the
// part of the request that is meant, Hint what to do, Data holds facts, such as the conflicts of a merge.
type Error struct {
	Status    int             `json:"-"`
	Code      string          `json:"code"`
	Message   string          `json:"message"`
	Details   string          `json:"details"`
	Hint      string          `json:"hint"`
	RequestID string          `json:"request_id"`
	Data      json.RawMessage `json:"data"`
}

func (e *Error) Error() string {
	text := e.Message
	if e.Hint != "" {
		text += " " + e.Hint
	}
	return fmt.Sprintf("%s [%s]", text, e.Code)
}

// Is tells whether the refusal is of a kind.
func (e *Error) Is(target error) bool {
	kind, known := kinds[e.Status]
	return target == kind || !known && target == ErrBadRequest
}

// ConnectionError says that no complete answer came, however often it was tried. Whether a write took effect is not known.
type ConnectionError struct {
	Request string
	Err     error
}

func (e *ConnectionError) Error() string {
	return fmt.Sprintf("%s was not answered: %v", e.Request, e.Err)
}

func (e *ConnectionError) Unwrap() error {
	return e.Err
}

func refusal(status int, body []byte) *Error {
	problem := &Error{}
	if json.Unmarshal(body, problem) != nil || problem.Code == "" {
		problem.Code, problem.Message = "unknown", fmt.Sprintf("HTTP status %d", status)
	}
	problem.Status = status
	return problem
}
