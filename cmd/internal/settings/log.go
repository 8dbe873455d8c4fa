package settings

import (
	"errors"
	"log/slog"
	"math"
	"strings"
)

// Log is what is logged, and how.
type Log struct {
	Level slog.Level
	JSON  bool
}

const (
	levelTrace = slog.LevelDebug - 4
	levelOff   = slog.Level(math.MaxInt32)
)

var levels = map[string]slog.Level{
	"trace": levelTrace, "debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "warning": slog.LevelWarn,
	"error": slog.LevelError, "off": levelOff,
}

func (r *reader) log() Log {
	level := parsed(r, RustLog, slog.LevelInfo, "a level (trace, debug, info, warn, error, off) or directives such as warn,sender=debug", parseDirectives)
	level = parsed(r, LogLevel, level, "trace, debug, info, warn, error or off", parseLevel)
	return Log{Level: level, JSON: r.oneOf(LogFormat, "json", "json", "text") == "json"}
}

var errDirective = errors.New("not a directive")

func parseLevel(s string) (slog.Level, error) {
	level, ok := levels[strings.ToLower(s)]
	if !ok {
		return 0, errDirective
	}
	return level, nil
}

// parseDirectives reads what Rust's env_logger and tracing do: levels, for everything or for a target. Only the level for
// everything has a meaning here; where there is none, the target that says most says how much.
func parseDirectives(s string) (slog.Level, error) {
	everything, most, isForAll := levelOff, levelOff, false
	for directive := range strings.SplitSeq(s, ",") {
		target, name, hasTarget := strings.Cut(strings.TrimSpace(directive), "=")
		if !hasTarget {
			name = target
		}
		level, err := parseLevel(name)
		switch {
		case err != nil && !hasTarget && isTarget(target):
			most = levelTrace // a target alone: everything it has to say
		case err != nil:
			return 0, err
		case hasTarget:
			most = min(most, level)
		default:
			everything, isForAll = level, true
		}
	}
	if isForAll {
		return everything, nil
	}
	return most, nil
}

// isTarget reports whether a directive is the path of a Rust module.
func isTarget(s string) bool { return strings.Contains(s, "::") }
