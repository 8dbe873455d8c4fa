package stack

import (
	"bufio"
	"bytes"
	"encoding/json"
	"go/version"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stage is one FROM of the Dockerfile with what follows it, and what it takes over from the stage that it is built on.
type stage struct {
	from       string
	user       string
	entrypoint string
	env        map[string]string
	args       map[string]string
	runs       []run
}

// run is a RUN: its flags and its command.
type run struct {
	flags   []string
	command string
}

// dockerfile is the Dockerfile's stages by their names.
func dockerfile(t *testing.T) map[string]*stage {
	t.Helper()
	parsed, err := parser.Parse(bytes.NewReader(read(t, "Dockerfile")))
	require.NoError(t, err)
	require.Empty(t, parsed.Warnings)
	stages := map[string]*stage{}
	current := &stage{args: map[string]string{}}
	for _, node := range parsed.AST.Children {
		words := words(node)
		switch strings.ToUpper(node.Value) {
		case "FROM":
			require.Len(t, words, 3, "every stage has a name: %s", node.Original)
			current = inherit(stages[words[0]], words[0], current.args)
			stages[words[2]] = current
		case "USER":
			current.user = words[0]
		case "ENTRYPOINT":
			require.True(t, node.Attributes["json"], "without a shell: %s", node.Original)
			current.entrypoint = words[0]
		case "RUN":
			current.runs = append(current.runs, run{flags: node.Flags, command: strings.Join(words, " ")})
		case "ARG":
			for _, word := range words {
				name, value, _ := strings.Cut(word, "=")
				current.args[name] = value
			}
		case "ENV": // name, value, separator, again and again
			for ; len(words) >= 3; words = words[3:] {
				current.env[words[0]] = strings.Trim(words[1], `"`)
			}
		}
	}
	return stages
}

func inherit(parent *stage, from string, args map[string]string) *stage {
	s := &stage{from: from, env: map[string]string{}, args: map[string]string{}}
	if parent == nil {
		for name, value := range args {
			s.args[name] = value
		}
		return s
	}
	s.user, s.entrypoint = parent.user, parent.entrypoint
	for name, value := range parent.env {
		s.env[name] = value
	}
	return s
}

func words(node *parser.Node) []string {
	var words []string
	for n := node.Next; n != nil; n = n.Next {
		words = append(words, n.Value)
	}
	return words
}

func TestDockerfileTargets(t *testing.T) {
	stages := dockerfile(t)
	for _, binary := range []string{"sender", "receiver", "mqttrace"} {
		t.Run(binary, func(t *testing.T) {
			target, build := stages[binary], stages["build-"+binary]
			require.NotNil(t, target)
			require.NotNil(t, build)
			assert.Equal(t, "scratch", stages[target.from].from, "nothing but the binary")
			assert.Equal(t, "65532:65532", target.user)
			assert.Equal(t, "/"+binary, target.entrypoint)

			assert.Equal(t, "0", build.env["CGO_ENABLED"])
			assert.Equal(t, "local", build.env["GOTOOLCHAIN"], "the image says which Go it is")
			assert.Contains(t, build.env["GOFLAGS"], "-trimpath")
			assert.Contains(t, build.env["GOFLAGS"], "-buildvcs=false")
			assert.Contains(t, build.env["LDFLAGS"], "-X main.version=$VERSION")
			compile := build.runs[0]
			assert.Contains(t, compile.command, "./cmd/"+binary)
			for _, cache := range []string{build.env["GOMODCACHE"], build.env["GOCACHE"]} {
				assert.Contains(t, compile.flags, "--mount=type=cache,target="+cache)
			}
		})
	}
}

// TestDockerfileGoVersion: the image's Go must do for go.mod.
func TestDockerfileGoVersion(t *testing.T) {
	stages := dockerfile(t)
	image := strings.ReplaceAll(stages["source"].from, "${GO_VERSION}", stages["source"].args["GO_VERSION"])
	assertPinned(t, image)
	_, tag, _ := strings.Cut(image, ":")
	for line := range strings.Lines(string(read(t, "go.mod"))) {
		if wanted, ok := strings.CutPrefix(line, "go "); ok {
			assert.GreaterOrEqual(t, version.Compare("go"+tag, "go"+strings.TrimSpace(wanted)), 0, "%s, but go.mod wants %s", image, wanted)
		}
	}
}

// TestDockerignoreLetsSourcesThrough: every folder of this module that a binary is built from goes to the builder.
func TestDockerignoreLetsSourcesThrough(t *testing.T) {
	var let []string
	scanner := bufio.NewScanner(bytes.NewReader(read(t, ".dockerignore")))
	for scanner.Scan() {
		if name, ok := strings.CutPrefix(scanner.Text(), "!"); ok {
			let = append(let, name)
		}
	}
	for _, file := range []string{"go.mod", "go.sum", "scenarios"} {
		assert.Contains(t, let, file)
	}

	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=Dir,Standard,Module,EmbedFiles", "./cmd/...")
	cmd.Dir = path()
	out, err := cmd.Output()
	require.NoError(t, err)
	dir, err := filepath.Abs(root)
	require.NoError(t, err)
	for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
		var pkg struct {
			Dir        string
			Module     *struct{ Main bool }
			EmbedFiles []string
		}
		require.NoError(t, decoder.Decode(&pkg))
		if pkg.Module == nil || !pkg.Module.Main {
			continue
		}
		inside, err := filepath.Rel(dir, pkg.Dir)
		require.NoError(t, err)
		top, _, _ := strings.Cut(filepath.ToSlash(inside), "/")
		assert.True(t, slices.Contains(let, top), "%s is not sent to the builder", inside)
		for _, file := range pkg.EmbedFiles {
			assert.False(t, strings.Contains(file, "testdata"), "%s/%s is built in, but testdata is not sent", inside, file)
		}
	}
}
