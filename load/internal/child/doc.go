// Package child starts the processes of the harness that are not the generator (brokers, the OTLP sink) and owns them until
// they have ended. In goes a command, or a role for this binary to play, out comes a [Process]: what it logged, what it has
// used, how it ended; and for this binary a [Self], which also answers questions.
//
// # Children die with their parent
//
// However the parent ends, SIGKILL included, no child of this binary outlives it: it reads a pipe that only the parent holds
// open and ends at end of file. On Linux every child also asks the kernel for SIGKILL at the death of its parent
// (PR_SET_PDEATHSIG), so that programs of others end too; on other systems these end with [Process.Stop] alone.
//
// Children are in process groups of their own: the Ctrl-C that asks a run to drain must not take its broker away.
package child
