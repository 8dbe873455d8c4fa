package mqtt

import (
	"fmt"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/mqtt/packet"
)

// handle takes one packet from the broker. An error ends the connection.
func (d *leanDriver) handle(f packet.Frame) error {
	switch f.Type() {
	case packet.Publish:
		if d.inbox == nil {
			d.inbox = &inbox{gone: d.closed.done()}
		}
		if err := d.inbox.message.Decode(f); err != nil {
			return err
		}
		return d.arrived(&d.inbox.message)
	case packet.Puback, packet.Pubrec, packet.Pubcomp:
		return d.acknowledged(f)
	case packet.Pubrel:
		return d.released(f)
	case packet.Pingresp:
		d.alive.answered.Store(true)
		return nil
	default:
		return d.handleRare(f)
	}
}

func (d *leanDriver) acknowledged(f packet.Frame) error {
	var a packet.Acknowledgement
	if err := a.Decode(f); err != nil {
		return err
	}
	if send, code := d.session.acknowledged(f.Type(), &a, d.in.readAt); send {
		d.acknowledge(packet.Pubrel, a.ID, code)
	}
	return nil
}

func (d *leanDriver) released(f packet.Frame) error {
	var a packet.Acknowledgement
	if err := a.Decode(f); err != nil {
		return err
	}
	d.acknowledge(packet.Pubcomp, a.ID, d.session.released(a.ID))
	return nil
}

// acknowledge adds an acknowledgement to what is sent next.
func (d *leanDriver) acknowledge(kind byte, id uint16, code byte) {
	o := &d.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return
	}
	c := o.borrowed()
	c.b = packet.AppendAck(c.b, kind, id, code)
	o.acks = true
}

// handleRare takes what paho.golang decodes.
func (d *leanDriver) handleRare(f packet.Frame) error {
	content, err := decoded(f)
	if err != nil {
		return err
	}
	switch p := content.(type) {
	case *packets.Suback:
		d.session.answered(p.PacketID, p)
		return nil
	case *packets.Unsuback:
		d.session.answered(p.PacketID, p)
		return nil
	case *packets.Auth:
		return d.authenticated(p)
	case *packets.Disconnect:
		received := paho.DisconnectFromPacketDisconnect(p)
		d.answerAuth(paho.AuthResponseFromPacketDisconnect(p))
		return disconnectError(received)
	default:
		return fmt.Errorf("unexpected packet of type %d", f.Type())
	}
}

// authenticated takes the end of an authentication, or answers a broker that wants to know more.
func (d *leanDriver) authenticated(p *packets.Auth) error {
	if p.ReasonCode == packets.AuthSuccess {
		if err := d.dialogue.finish(p.Properties.AuthData); err != nil {
			return err
		}
		d.answerAuth(paho.AuthResponseFromPacketAuth(p))
		return nil
	}
	return d.answer(p)
}

func (d *leanDriver) answer(p *packets.Auth) error {
	answer, err := d.dialogue.answer(paho.AuthFromPacketAuth(p))
	if err != nil {
		return err
	}
	return d.send(answer.Packet())
}
