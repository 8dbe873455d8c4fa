package mqtt

import (
	"context"
	"errors"
	"fmt"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt/packet"
)

// publish implements driver.
func (d *leanDriver) publish(ctx context.Context, qos byte, p Publication, more bool) error {
	var id uint16
	if qos > 0 {
		var err error
		if id, err = d.awaitWindow(ctx); err != nil {
			return err
		}
	}
	err := d.write(id, p, more)
	if err != nil && id > 0 {
		d.session.forget(id)
	}
	return err
}

// write appends a message to what is sent, and sends it unless more is to follow at once. Once a message of QoS 1 or 2 is in the
// session it is no error that it could not be sent.
func (d *leanDriver) write(id uint16, p Publication, more bool) error {
	o := &d.out
	o.mu.Lock()
	defer o.mu.Unlock()
	d.awaitTurn()
	if o.err != nil {
		return errLinkLost
	}
	sent := clock.Now()
	if err := d.encode(id, p, sent); err != nil {
		return err
	}
	if !more || len(o.chunk.b) >= flushAt {
		o.flush(sent)
	}
	if id == 0 && o.err != nil {
		return errLinkLost
	}
	return nil
}

// tryPublish implements driver.
func (d *leanDriver) tryPublish(qos byte, p Publication, more bool) (taken, all bool) {
	o := &d.out
	if o.raw == nil {
		return false, true
	}
	var id uint16
	if qos > 0 {
		if id = d.session.reserve(); id == 0 {
			return false, true
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	sent := clock.Now()
	if o.writing || o.err != nil || d.encode(id, p, sent) != nil {
		if id > 0 {
			d.session.forget(id)
		}
		return false, true
	}
	if more && len(o.chunk.b) < flushAt {
		return true, true
	}
	all = o.tryFlush(sent)
	return id > 0 || o.err == nil, all
}

// encode appends a message to what is sent; the caller holds the outlet's lock.
func (d *leanDriver) encode(id uint16, p Publication, sent clock.Instant) error {
	o := &d.out
	message := p.Packet(sent)
	if err := d.limits.allow(message); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	c := o.borrowed()
	begin := len(c.b)
	undo := d.to.shortened(message)
	var err error
	c.b, err = packet.AppendPublish(c.b, message, id)
	undo()
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if id > 0 {
		d.session.publish(id, p, d.toKeep(c.b[begin:], message, id))
	}
	o.countPublish(len(c.b) - begin)
	return nil
}

// toKeep is the packet as another connection takes it, on which no alias means anything.
func (d *leanDriver) toKeep(sent []byte, message *paho.Publish, id uint16) []byte {
	if d.to == nil || !d.session.keeps {
		return sent
	}
	whole, err := packet.AppendPublish(nil, message, id)
	if err != nil {
		return sent // cannot be: the same packet has just been written with an alias
	}
	return whole
}

// awaitTurn waits until nobody writes, which is the broker's doing if it takes long.
func (d *leanDriver) awaitTurn() {
	if !d.out.writing {
		return
	}
	since := clock.Now()
	d.out.awaitTurn()
	if took := clock.Now().Sub(since); took >= heldFrom {
		d.client.counters.held.Add(int64(took))
	}
}

// allow says why the broker would not take a message.
func (l *Limits) allow(p *paho.Publish) error {
	alias := p.Properties != nil && p.Properties.TopicAlias != nil
	switch {
	case p.QoS > l.MaximumQoS:
		return fmt.Errorf("QoS %d, but the broker's Maximum QoS is %d", p.QoS, l.MaximumQoS)
	case p.Retain && !l.RetainAvailable:
		return errors.New("retained, but the broker has no Retain Available")
	case alias && *p.Properties.TopicAlias > l.TopicAliasMaximum:
		return fmt.Errorf("topic alias %d, but the broker's Topic Alias Maximum is %d", *p.Properties.TopicAlias, l.TopicAliasMaximum)
	case p.Topic == "" && !alias:
		return errors.New("neither a topic nor a topic alias")
	default:
		return nil
	}
}

// awaitWindow waits for room among the unacknowledged messages and takes an identifier; what has been kept back leaves first, or no
// room would come.
func (d *leanDriver) awaitWindow(ctx context.Context) (uint16, error) {
	id := d.session.reserve()
	if id > 0 {
		return id, nil
	}
	since := clock.Now()
	defer func() { d.client.counters.held.Add(int64(clock.Now().Sub(since))) }()
	d.flush()
	for {
		select {
		case <-d.session.freed:
		case <-d.closed.done():
			return 0, errLinkLost
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if id := d.session.reserve(); id > 0 {
			return id, nil
		}
	}
}

// subscribe implements driver.
func (d *leanDriver) subscribe(ctx context.Context, s *paho.Subscribe) (*paho.Suback, error) {
	p := s.Packet()
	answer, err := d.request(ctx, p, &p.PacketID)
	suback, ok := answer.(*packets.Suback)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, errors.New("the broker answered SUBSCRIBE with UNSUBACK")
	}
	return paho.SubackFromPacketSuback(suback), nil
}

// unsubscribe implements driver.
func (d *leanDriver) unsubscribe(ctx context.Context, u *paho.Unsubscribe) (*paho.Unsuback, error) {
	p := u.Packet()
	answer, err := d.request(ctx, p, &p.PacketID)
	unsuback, ok := answer.(*packets.Unsuback)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, errors.New("the broker answered UNSUBSCRIBE with SUBACK")
	}
	return paho.UnsubackFromPacketUnsuback(unsuback), nil
}

// request sends a SUBSCRIBE or UNSUBSCRIBE, whose identifier it sets, and waits for the answer.
func (d *leanDriver) request(ctx context.Context, p packets.Packet, id *uint16) (packets.Packet, error) {
	answer := make(chan packets.Packet, 1)
	if *id = d.session.ask(answer); *id == 0 {
		return nil, errors.New("no packet identifier is free")
	}
	defer d.session.asked(*id)
	if err := d.send(p); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.client.settings.AckTimeout)
	defer cancel()
	select {
	case p := <-answer:
		return p, nil
	case <-d.closed.done():
		return nil, errLinkLost
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// authenticate implements driver.
func (d *leanDriver) authenticate(ctx context.Context, a *paho.Auth) (*paho.AuthResponse, error) {
	answer := make(chan *paho.AuthResponse, 1)
	if !d.ask(answer) {
		return nil, errors.New("an authentication is under way already")
	}
	defer d.ask(nil)
	if err := d.send(a.Packet()); err != nil {
		return nil, err
	}
	select {
	case response := <-answer:
		return response, nil
	case <-d.closed.done():
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case response := <-answer: // the DISCONNECT that closed it
		return response, nil
	default:
		return nil, errLinkLost
	}
}

// ask sets or takes back the channel for the answer to an AUTH; it reports false if there is one already.
func (d *leanDriver) ask(answer chan *paho.AuthResponse) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if answer != nil && d.asked != nil {
		return false
	}
	d.asked = answer
	return true
}

// answerAuth hands the broker's answer to an AUTH to whoever waits for it.
func (d *leanDriver) answerAuth(response *paho.AuthResponse) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.asked != nil {
		select {
		case d.asked <- response: // has room for one
		default:
		}
	}
}
