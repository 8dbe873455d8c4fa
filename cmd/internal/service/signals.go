package service

import (
	"os"
	"os/signal"
	"syscall"
)

// notified gets the signals that ask for the end.
func notified() <-chan os.Signal {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	return signals
}
