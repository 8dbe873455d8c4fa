package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// placeholder is what stands in the place of a trace's id in the address of traces.
const placeholder = "{trace_id}"

// traceURL is the value of a flag that says where traces can be looked at: a URL with {trace_id} in it.
type traceURL string

// Set implements pflag.Value.
func (u *traceURL) Set(s string) error {
	if !strings.Contains(s, placeholder) {
		return errors.New("it does not say where the id of a trace goes: want " + placeholder + " in it, as in https://tempo.example/trace/" + placeholder)
	}
	parsed, err := url.Parse(strings.ReplaceAll(s, placeholder, strings.Repeat("0", 32)))
	switch {
	case err != nil:
		return errors.Unwrap(err) // the error itself repeats the URL with an id that nobody wrote
	case parsed.Scheme == "":
		return errors.New("it does not begin with http:// or https://")
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		return fmt.Errorf("%q is neither http nor https", parsed.Scheme)
	case parsed.Host == "":
		return errors.New("it has no host")
	}
	*u = traceURL(s)
	return nil
}

// String implements pflag.Value.
func (u *traceURL) String() string { return string(*u) }

// Type implements pflag.Value.
func (u *traceURL) Type() string { return "URL" }
