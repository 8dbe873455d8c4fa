package mqtt

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Acknowledgements that come to an outlet when its connection has ended go nowhere, and harm nobody.
func TestAcknowledgementsAfterTheEnd(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)

	var o outlet
	o.init(conn, new(counters))
	acknowledge := func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.append([]byte{0x40, 2, 0, 1})
		o.acks = true
	}
	acknowledge()
	require.NoError(t, conn.Close())
	o.end(net.ErrClosed)
	o.flushAcks()
	assert.Nil(t, o.chunk)

	acknowledge()
	o.flushAcks()
	assert.Nil(t, o.chunk)
	assert.ErrorIs(t, o.err, net.ErrClosed)
}
