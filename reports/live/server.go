package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"mqttrace/reports"
)

// Server serves one page at a time: that of the latest result it was shown. Whoever started it must Close it. Its methods are safe
// for concurrent use.
type Server struct {
	http     *http.Server
	url      string
	served   chan struct{} // closed when the server has ended
	failed   error         // why, once served is closed
	mu       sync.Mutex    // guards what follows
	viewers  map[chan []byte]bool
	asked    time.Time      // when somebody last asked for the page
	latest   *reports.Saved // nil until the first Show
	shown    chan struct{}  // closed at the next Show
	finished bool
}

const (
	// eventsPath is where the page listens.
	eventsPath = "/events"
	// freshness is how long a request for the page waits for a newer result.
	freshness = 2 * time.Second
	// attention is how long a request for the page counts as somebody looking: time enough for the page to begin to listen.
	attention = 5 * time.Second
	// farewell bounds how long the last update may take to reach the viewers.
	farewell = 2 * time.Second
)

// Start listens on address, host:port with port 0 for any that is free. The host must be a loopback address: the page is for people at
// this machine.
func Start(address string) (*Server, error) {
	if err := CheckAddress(address); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serving the page: %w", err)
	}
	s := &Server{url: "http://" + listener.Addr().String() + "/", served: make(chan struct{}), viewers: map[chan []byte]bool{}, shown: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.servePage)
	mux.HandleFunc("GET "+eventsPath, s.serveEvents)
	s.http = &http.Server{Handler: own(listener.Addr(), mux), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		defer close(s.served)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed = err
		}
	}()
	return s, nil
}

// CheckAddress says what is wrong with an address to listen on.
func CheckAddress(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not an address, want host:port such as 127.0.0.1:8080: %w", address, err)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("%q is not this machine alone, want a loopback address such as 127.0.0.1:8080", address)
	}
	return nil
}

// own refuses requests for another host: a page elsewhere may have talked a browser into asking this address by a name of its own.
func own(address net.Addr, next http.Handler) http.Handler {
	_, port, _ := net.SplitHostPort(address.String())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != address.String() && r.Host != "localhost:"+port {
			http.Error(w, "this server is for "+address.String(), http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// URL is where the page is.
func (s *Server) URL() string { return s.url }

// Watched says whether anybody looks, or has just asked to.
func (s *Server) Watched() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.viewers) > 0 || time.Since(s.asked) < attention
}

// Show brings the page up to date. The error says that the result cannot be shown; viewers then keep what they have.
func (s *Server) Show(saved reports.Saved) error {
	s.mu.Lock()
	s.latest = &saved
	close(s.shown)
	s.shown = make(chan struct{})
	looked := len(s.viewers) > 0
	s.mu.Unlock()
	if !looked {
		return nil
	}
	update, err := updateOf(saved)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for viewer := range s.viewers {
		send(viewer, update)
	}
	return nil
}

func updateOf(saved reports.Saved) ([]byte, error) {
	var update bytes.Buffer
	if err := reports.HTMLUpdate(&update, []reports.Saved{saved}); err != nil {
		return nil, fmt.Errorf("showing the run: %w", err)
	}
	return update.Bytes(), nil
}

// send leaves the latest update for a viewer, in the place of one that has not been fetched yet.
func send(viewer chan []byte, update []byte) {
	select {
	case <-viewer:
	default:
	}
	viewer <- update // there is room for one, and nobody else puts anything in: the caller holds the lock
}

// catchUp leaves the latest result for a new viewer, whose page may be older.
func (s *Server) catchUp(viewer chan []byte, latest reports.Saved) {
	update, err := updateOf(latest)
	if err != nil {
		return // Show has said so
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.viewers[viewer] && len(viewer) == 0 { // or there is a newer one already
		send(viewer, update)
	}
}

// servePage answers with the whole page, as new as it can be had.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = time.Now()
	newer, finished := s.shown, s.finished
	s.mu.Unlock()
	if !finished {
		wait, cancel := context.WithTimeout(r.Context(), freshness)
		defer cancel()
		select {
		case <-newer:
		case <-wait.Done():
		}
	}
	s.mu.Lock()
	latest := s.latest
	s.mu.Unlock()
	if latest == nil {
		w.Header().Set("Retry-After", "1")
		w.Header().Set("Refresh", "1")
		http.Error(w, "the run has not begun; this page tries again", http.StatusServiceUnavailable)
		return
	}
	var page bytes.Buffer
	if err := reports.HTML(&page, []reports.Saved{*latest}, reports.HTMLOptions{Stream: eventsPath}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(page.Bytes()) // whoever asked may have gone
}

// serveEvents keeps a viewer up to date until they leave or the run is over.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	viewer := make(chan []byte, 1)
	s.mu.Lock()
	s.viewers[viewer] = true
	latest := s.latest
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.viewers, viewer)
		s.mu.Unlock()
	}()
	if latest != nil {
		s.catchUp(viewer, *latest)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	for over := false; !over; {
		if out.Flush() != nil {
			return
		}
		select {
		case update, more := <-viewer:
			if over = !more; over {
				fmt.Fprint(w, "event: end\ndata:\n\n")
				break
			}
			fmt.Fprintf(w, "data: %s\n\n", bytes.TrimSpace(update)) // JSON, in one line
		case <-r.Context().Done():
			return
		}
	}
	_ = out.Flush()
}

// Close tells the viewers that nothing more comes, waits for that to reach them, and stops serving. What they see stays.
func (s *Server) Close() error {
	s.mu.Lock()
	s.finished = true
	for viewer := range s.viewers {
		close(viewer)
		delete(s.viewers, viewer)
	}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close() // somebody is too slow
	}
	<-s.served
	return errors.Join(err, s.failed)
}
