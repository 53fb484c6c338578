// Verifies, with nothing but Go's own note and tlog packages, what the audit log claims: each
// checkpoint's signature and root over the log's lines, the chain of record hashes, the consistency of each pair, and an
// inclusion proof. Arguments: the verifier key, the log, a tlog-proof, the proven line, a
// consistency proof, then checkpoint files, oldest first.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	vkey, log, proof, line, consistency, files := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6:]
	verifier, err := newVerifier(vkey)
	check(err)
	keys := note.VerifierList(verifier)

	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	file, err := os.Open(log)
	check(err)
	scanner := bufio.NewScanner(file)
	scanner.Buffer(make([]byte, 1<<20), 8<<20)
	prev := tlog.Hash{}
	for n := int64(0); scanner.Scan(); n++ {
		if !bytes.Contains(scanner.Bytes(), []byte(fmt.Sprintf(`"prev":"%x"`, prev[:]))) {
			fail("line %d does not name the record hash of the line before", n)
		}
		prev = tlog.RecordHash(scanner.Bytes())
		hashes, err := tlog.StoredHashes(n, scanner.Bytes(), reader)
		check(err)
		stored = append(stored, hashes...)
	}
	check(scanner.Err())

	trees := []tlog.Tree{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		check(err)
		tree := open(text, keys)
		root, err := tlog.TreeHash(tree.N, reader)
		check(err)
		if root != tree.Hash {
			fail("%s: the root is not that of the log", name)
		}
		trees = append(trees, tree)
	}
	for i := 1; i < len(trees); i++ {
		older, newer := trees[i-1], trees[i]
		ours, err := tlog.ProveTree(newer.N, older.N, reader)
		check(err)
		check(tlog.CheckTree(ours, newer.N, newer.Hash, older.N, older.Hash))
	}

	older, newer := trees[0], trees[len(trees)-1]
	lines := strings.Split(strings.TrimSpace(read(consistency)), "\n")
	check(tlog.CheckTree(tlog.TreeProof(hashes(lines[1:])), newer.N, newer.Hash, older.N, older.Hash))

	head, text, _ := strings.Cut(read(proof), "\n\n")
	parts := strings.Split(head, "\n")
	index, err := strconv.ParseInt(strings.TrimPrefix(parts[1], "index "), 10, 64)
	check(err)
	tree := open([]byte(text), keys)
	entry := bytes.TrimSuffix([]byte(read(line)), []byte("\n"))
	check(tlog.CheckRecord(tlog.RecordProof(hashes(parts[2:])), tree.N, tree.Hash, index, tlog.RecordHash(entry)))

	if _, err := note.Open(bytes.Replace([]byte(text), []byte(fmt.Sprint(tree.N)), []byte(fmt.Sprint(tree.N+1)), 1), keys); err == nil {
		fail("a changed size was not refused")
	}
	fmt.Printf("%d checkpoints, %d entries, inclusion of %d and consistency verified\n", len(trees), newer.N, index)
}

func open(text []byte, keys note.Verifiers) tlog.Tree {
	opened, err := note.Open(text, keys)
	check(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	return tlog.Tree{N: size, Hash: hashes(lines[2:3])[0]}
}

func hashes(lines []string) []tlog.Hash {
	var all []tlog.Hash
	for _, line := range lines {
		if line == "" {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(line)
		check(err)
		all = append(all, tlog.Hash(raw))
	}
	return all
}

func read(name string) string {
	text, err := os.ReadFile(name)
	check(err)
	return string(text)
}

func check(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}
