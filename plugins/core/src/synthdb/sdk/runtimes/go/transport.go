package synthdb

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Retries says how often, and after which pauses, a request is sent again that got no answer or found the server busy.
// Each pause is twice the one before.
type Retries struct {
	Most         int
	FirstPause   time.Duration
	LongestPause time.Duration
}

// Options say how a client behaves. The zero Options are fine.
type Options struct {
	// Database is the database's name, if it is another one than the client was generated from.
	Database string
	// Token is sent as Authorization: Bearer.
	Token string
	// Header is sent with every request.
	Header http.Header
	// Timeout is how long an answer may take, 30 seconds if it is zero. A stream is as long as its context.
	Timeout time.Duration
	// Retries are 4 after pauses from 0.1 to 5 seconds, if it is nil.
	Retries *Retries
	// OnDrift is called once, with the fingerprint that the server has, when the schema is not any more the one that the
	// client was generated from. Without it, a line is logged.
	OnDrift func(current string)
	// HTTP sends the requests.
	HTTP *http.Client
}

const (
	defaultTimeout = 30 * time.Second
	keyHeader      = "Idempotency-Key"
	// The code of an answer that says that an earlier try of the same request is still at work.
	running          = "idempotency_in_progress"
	mostProblemBytes = 1 << 20
)

var (
	defaultRetries = Retries{Most: 4, FirstPause: 100 * time.Millisecond, LongestPause: 5 * time.Second}
	reads          = map[string]bool{"GET": true, "HEAD": true, "QUERY": true}
	busy           = map[int]bool{429: true, 502: true, 503: true}
)

type request struct {
	method string
	target string
	header map[string]string
	body   []byte
	// once says that the server has no way to know the request again.
	once bool
	// reads says that it changes nothing, though its method may.
	reads bool
}

func (r request) isRead() bool {
	return r.reads || reads[r.method]
}

type reply struct {
	status int
	header http.Header
	body   []byte
}

// transport sends requests to one server. It can be used by many goroutines at once.
type transport struct {
	url     string
	base    string
	header  http.Header
	timeout time.Duration
	retries Retries
	client  *http.Client
	onDrift func(string)
	drift   sync.Once
}

func newTransport(address, fingerprint string, options Options) (*transport, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return nil, errors.New("not the address of a server, such as http://127.0.0.1:8000: " + address)
	}
	made := &transport{
		url: strings.TrimRight(address, "/"), base: strings.TrimRight(parsed.EscapedPath(), "/"),
		header: options.Header.Clone(), timeout: options.Timeout, retries: defaultRetries, client: options.HTTP,
		onDrift: options.OnDrift,
	}
	made.complete(fingerprint, options)
	return made, nil
}

func (t *transport) complete(fingerprint string, options Options) {
	if t.header == nil {
		t.header = http.Header{}
	}
	t.header.Set("Synthdb-Schema", fingerprint)
	if options.Token != "" {
		t.header.Set("Authorization", "Bearer "+options.Token)
	}
	if t.timeout == 0 {
		t.timeout = defaultTimeout
	}
	if options.Retries != nil {
		t.retries = *options.Retries
	}
	if t.client == nil {
		t.client = http.DefaultClient
	}
	if t.onDrift == nil {
		t.onDrift = func(string) {
			log.Print("the tables are not those any more that this client was generated from; generate it again")
		}
	}
}

// send sends a request, again if that is needed and safe, and gives the answer.
func (t *transport) send(ctx context.Context, sent request) (reply, error) {
	var found reply
	err := t.repeat(ctx, sent, func(sent request) error {
		ctx, cancel := context.WithTimeout(ctx, t.timeout)
		defer cancel()
		response, err := t.open(ctx, sent)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return unanswered(sent, err)
		}
		found = reply{response.StatusCode, response.Header, body}
		return nil
	})
	return found, err
}

// stream sends a request that reads, and gives the body as it comes. Only the request is repeated.
func (t *transport) stream(ctx context.Context, sent request) (io.ReadCloser, error) {
	var body io.ReadCloser
	err := t.repeat(ctx, sent, func(sent request) error {
		response, err := t.open(ctx, sent)
		if err == nil {
			body = response.Body
		}
		return err
	})
	return body, err
}

func (t *transport) open(ctx context.Context, sent request) (*http.Response, error) {
	made, err := http.NewRequestWithContext(ctx, sent.method, t.url+sent.target, bytes.NewReader(sent.body))
	if err != nil {
		return nil, err
	}
	made.Header = t.header.Clone()
	for name, value := range sent.header {
		made.Header.Set(name, value)
	}
	response, err := t.client.Do(made)
	if err != nil {
		return nil, unanswered(sent, err)
	}
	if current := response.Header.Get("Schema-Drift"); current != "" {
		t.drift.Do(func() { t.onDrift(current) })
	}
	if response.StatusCode < 400 {
		return response, nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, mostProblemBytes))
	if err != nil {
		return nil, unanswered(sent, err)
	}
	return nil, &delayed{refusal(response.StatusCode, body), seconds(response.Header.Get("Retry-After"))}
}

func (t *transport) repeat(ctx context.Context, sent request, once func(request) error) error {
	sent = safeToRepeat(sent)
	for attempt := 0; ; attempt++ {
		err := once(sent)
		if err == nil {
			return nil
		}
		pause := t.pause(attempt, err)
		if refused, ok := err.(*delayed); ok {
			err = refused.problem
		}
		if attempt >= t.retries.Most || !mayRepeat(sent, err) || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

func (t *transport) pause(attempt int, err error) time.Duration {
	longest := min(t.retries.FirstPause<<attempt, t.retries.LongestPause)
	pause := time.Duration(float64(longest) * (0.5 + mathrand.Float64()/2))
	if refused, ok := err.(*delayed); ok {
		pause = max(pause, min(refused.after, t.retries.LongestPause))
	}
	return pause
}

// delayed is a refusal of a server that may say when to come again.
type delayed struct {
	problem *Error
	after   time.Duration
}

func (d *delayed) Error() string { return d.problem.Error() }

func safeToRepeat(sent request) request {
	if sent.isRead() || sent.once {
		return sent
	}
	header := map[string]string{keyHeader: `"` + newKey() + `"`}
	for name, value := range sent.header {
		header[name] = value
	}
	sent.header = header
	return sent
}

func newKey() string {
	random := make([]byte, 16)
	_, _ = rand.Read(random) // It never fails.
	return hex.EncodeToString(random)
}

func mayRepeat(sent request, err error) bool {
	var refused *Error
	if errors.As(err, &refused) {
		return busy[refused.Status] || refused.Code == running
	}
	var unanswered *ConnectionError
	return errors.As(err, &unanswered) && (sent.isRead() || !sent.once)
}

func unanswered(sent request, err error) error {
	return &ConnectionError{sent.method + " " + sent.target, err}
}

func seconds(value string) time.Duration {
	number, err := strconv.Atoi(value)
	if err != nil {
		return 0
	}
	return time.Duration(number) * time.Second
}

// session is one database at one state.
type session struct {
	transport *transport
	database  string
	ref       string
}

func (s session) place() string {
	if s.ref == "" {
		return segment(s.database)
	}
	return segment(s.database + "@" + s.ref)
}

func (s session) table(name string) string {
	return "/rest/v1/" + s.place() + "/" + segment(name)
}

// ask asks the meta interface; it knows no keys of requests, so only reads are repeated.
func (s session) ask(ctx context.Context, method, path string, header map[string]string, body, into any) error {
	sent := request{method: method, target: "/meta/v1/" + s.place() + "/" + path, once: method != "GET"}
	sent.header = map[string]string{"Accept": "application/json"}
	for name, value := range header {
		sent.header[name] = value
	}
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent.body, sent.header["Content-Type"] = encoded, "application/json"
	}
	found, err := s.transport.send(ctx, sent)
	if err != nil || into == nil || len(found.body) == 0 {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(found.body))
	// Numbers in JSON whose type is not known stay texts, with all their digits.
	decoder.UseNumber()
	return decoder.Decode(into)
}
