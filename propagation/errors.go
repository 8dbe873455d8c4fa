package propagation

import (
	"errors"
	"fmt"
)

// What [Extract], [ParseTraceparent] and [ExtractPayload] report when they find no usable context. Test with
// [errors.Is]. None of them holds what was read: the sender is not trusted, and an error costs no allocation.
var (
	// ErrNone says that there is no traceparent at all: the message was not traced.
	ErrNone = errors.New("no traceparent")
	// ErrDuplicate says that there is more than one traceparent, equal or not.
	ErrDuplicate = errors.New("more than one traceparent")
	// ErrMalformed says that the one traceparent there is breaks the format. The text says how.
	ErrMalformed = errors.New("malformed traceparent")
	// ErrNotObject is the [ErrNone] of a payload that is not one JSON object and so can hold no context.
	ErrNotObject = fmt.Errorf("%w: payload is not a JSON object", ErrNone)
)

var (
	errLength    = fmt.Errorf("%w: want 55 characters, more only after version 00 and a dash", ErrMalformed)
	errDashes    = fmt.Errorf("%w: want version-traceid-parentid-flags", ErrMalformed)
	errDigits    = fmt.Errorf("%w: want lower-case hex digits", ErrMalformed)
	errVersion   = fmt.Errorf("%w: version ff is not allowed", ErrMalformed)
	errZeroTrace = fmt.Errorf("%w: trace id is zero", ErrMalformed)
	errZeroSpan  = fmt.Errorf("%w: parent id is zero", ErrMalformed)
)
