package packet

// Acknowledgement is a PUBACK, PUBREC, PUBREL or PUBCOMP. Its slices are parts of the bytes it was decoded from.
type Acknowledgement struct {
	ID           uint16
	ReasonCode   byte // 0 if the packet says none
	ReasonString []byte
}

// Decode reads an acknowledgement, whatever was in a before. The error is always an *Error.
func (a *Acknowledgement) Decode(f Frame) error {
	*a = Acknowledgement{}
	if f.First&0x0f != flagsOf(f.Type()) {
		return errFlags
	}
	if len(f.Body) < 2 {
		return errShort
	}
	if a.ID = uint16At(f.Body); a.ID == 0 {
		return errID
	}
	if len(f.Body) == 2 {
		return nil
	}
	a.ReasonCode = f.Body[2]
	if len(f.Body) == 3 {
		return nil
	}
	var properties Properties
	rest, err := properties.decode(f.Body[3:], ackProperties)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return errTrailing
	}
	a.ReasonString = properties.ReasonString
	return nil
}

// AppendAck appends an acknowledgement of a type, without properties: in four bytes if the reason code is 0.
func AppendAck(dst []byte, kind byte, id uint16, reasonCode byte) []byte {
	first := kind<<4 | flagsOf(kind)
	if reasonCode == 0 {
		return append(dst, first, 2, byte(id>>8), byte(id))
	}
	return append(dst, first, 3, byte(id>>8), byte(id), reasonCode)
}

// flagsOf are the reserved flags of an acknowledgement's fixed header (MQTT 5 section 2.1.3).
func flagsOf(kind byte) byte {
	if kind == Pubrel {
		return 2
	}
	return 0
}
