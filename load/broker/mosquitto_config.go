package broker

import (
	"fmt"
	"os"
	"strings"
)

// MosquittoConfig is how Mosquitto listens and whom it lets in. The zero value listens on a free port of 127.0.0.1, lets
// everybody do everything, and keeps nothing on disk. Mosquitto itself checks the files.
type MosquittoConfig struct {
	// Port of 127.0.0.1. Default: a free one.
	Port int
	// PersistenceDir is a folder for Mosquitto's database, which is then read at the start and written at the end.
	PersistenceDir string
	// Autosave writes that database after every change as well, sessions and queued messages included, so that a crash finds
	// what was there a moment before. It costs a file written anew in each turn of Mosquitto's main loop, which reads one packet of
	// each client: some 250 messages a second to one receiver, past which acknowledgements pile up in the broker and come back as
	// duplicates after a crash.
	Autosave bool
	// PasswordFile, as mosquitto_passwd writes it, shuts out whoever is not in it.
	PasswordFile string
	// ACLFile says who may use which topics.
	ACLFile string
	// CertFile and KeyFile are PEM files; with both, the broker speaks TLS. CAFile is what clients' certificates are verified
	// against; with RequireCertificate only clients that have one are let in.
	CertFile, KeyFile, CAFile string
	RequireCertificate        bool
	// Extra lines are put at the end of the configuration file as they are, after the listener.
	Extra []string
}

// text is the configuration file. Limits are lifted by the largest number where one would expect the documented 0: with
// max_queued_messages 0, Mosquitto 2.0.16 delivers nothing and all before 2.0.22 close connections with "Quota exceeded";
// with max_inflight_messages 0, 2.1 logs a warning for each message. The packet size is MQTT's own limit, because 2.1 lowers
// it to 2,000,000 bytes.
func (cfg MosquittoConfig) text(port int) string {
	var lines configLines
	lines.add("listener %d %s", port, loopback)
	cfg.addListenerOptions(&lines)
	lines.add("allow_anonymous %t", cfg.PasswordFile == "")
	lines.addIf("password_file", cfg.PasswordFile)
	lines.addIf("acl_file", cfg.ACLFile)
	cfg.addPersistence(&lines)
	lines.add("max_inflight_messages 65535")
	lines.add("max_queued_messages 1000000000")
	lines.add("max_queued_bytes 0")
	lines.add("max_packet_size 268435455")
	lines.add("set_tcp_nodelay true")
	lines.add("sys_interval 1")
	lines.add("log_dest stderr")
	addUser(&lines)
	return strings.Join(append(lines, cfg.Extra...), "\n") + "\n"
}

func (cfg MosquittoConfig) addListenerOptions(lines *configLines) {
	lines.addIf("certfile", cfg.CertFile)
	lines.addIf("keyfile", cfg.KeyFile)
	lines.addIf("cafile", cfg.CAFile)
	if cfg.RequireCertificate {
		lines.add("require_certificate true")
	}
}

func (cfg MosquittoConfig) addPersistence(lines *configLines) {
	if cfg.PersistenceDir == "" {
		lines.add("persistence false")
		return
	}
	lines.add("persistence true")
	lines.add("persistence_location %s%c", strings.TrimRight(cfg.PersistenceDir, `/\`), os.PathSeparator)
	if cfg.Autosave {
		lines.add("autosave_on_changes true")
		lines.add("autosave_interval 1")
	}
}

// addUser keeps a Mosquitto that root starts from becoming the user mosquitto, who could not read the files it is given; and
// Linux forgets about killing a child with its parent when the child changes its user.
func addUser(lines *configLines) {
	if os.Geteuid() == 0 { // -1 on Windows
		lines.add("user root")
	}
}

type configLines []string

func (l *configLines) add(format string, args ...any) { *l = append(*l, fmt.Sprintf(format, args...)) }

func (l *configLines) addIf(option, value string) {
	if value != "" {
		l.add("%s %s", option, value)
	}
}
