// Prints what an independent implementation makes of a fixed set of leaves: roots and proofs by
// github.com/transparency-dev/merkle, and a checkpoint signed by golang.org/x/mod/sumdb/note.
// Its output is kept in vectors.json, which the ledger's tests compare with.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

const leafCount = 70
const origin = "carethread/vectors"

type inclusion struct {
	Index int      `json:"index"`
	Size  int      `json:"size"`
	Proof []string `json:"proof"`
}

type consistency struct {
	From  int      `json:"from"`
	To    int      `json:"to"`
	Proof []string `json:"proof"`
}

type vectors struct {
	Leaves      []string      `json:"leaves"`
	LeafHashes  []string      `json:"leafHashes"`
	Roots       []string      `json:"roots"`
	Inclusion   []inclusion   `json:"inclusion"`
	Consistency []consistency `json:"consistency"`
	PrivateKey  string        `json:"privateKey"`
	PublicKey   string        `json:"publicKey"`
	Note        string        `json:"note"`
}

var hasher = rfc6962.DefaultHasher
var leafHashes [][]byte

// node is the root of the complete subtree that stands index-th at its level.
func node(level uint, index uint64) []byte {
	if level == 0 {
		return leafHashes[index]
	}
	return hasher.HashChildren(node(level-1, 2*index), node(level-1, 2*index+1))
}

// fetch gives the hashes that a proof names, with the ephemeral ones folded together.
func fetch(nodes proof.Nodes) [][]byte {
	hashes := make([][]byte, 0, len(nodes.IDs))
	for _, id := range nodes.IDs {
		hashes = append(hashes, node(id.Level, id.Index))
	}
	folded, err := nodes.Rehash(hashes, hasher.HashChildren)
	check(err)
	return folded
}

// root is that of the tree of the first size leaves.
func root(size uint64) []byte {
	if size == 0 {
		return hasher.EmptyRoot()
	}
	factory := compact.RangeFactory{Hash: hasher.HashChildren}
	leaves := factory.NewEmptyRange(0)
	for _, hash := range leafHashes[:size] {
		check(leaves.Append(hash, nil))
	}
	computed, err := leaves.GetRootHash(nil)
	check(err)
	return computed
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == "open" {
		verifier, err := note.NewVerifier(os.Args[2])
		check(err)
		opened, err := note.Open([]byte(os.Args[3]), note.VerifierList(verifier))
		check(err)
		fmt.Print(opened.Text)
		return
	}
	var out vectors
	for i := 0; i < leafCount; i++ {
		data := []byte(fmt.Sprintf("event %d \u6848", i))
		leafHashes = append(leafHashes, hasher.HashLeaf(data))
		out.Leaves = append(out.Leaves, hex.EncodeToString(data))
	}
	out.LeafHashes = encode(leafHashes)
	for size := 0; size <= leafCount; size++ {
		out.Roots = append(out.Roots, hex.EncodeToString(root(uint64(size))))
	}
	for _, size := range []int{1, 2, 3, 5, 8, 33, 64, 65, leafCount} {
		for index := 0; index < size; index++ {
			nodes, err := proof.Inclusion(uint64(index), uint64(size))
			check(err)
			check(proof.VerifyInclusion(hasher, uint64(index), uint64(size), leafHashes[index], fetch(nodes), root(uint64(size))))
			out.Inclusion = append(out.Inclusion, inclusion{index, size, encode(fetch(nodes))})
		}
	}
	for _, to := range []int{1, 2, 3, 6, 8, 33, 64, leafCount} {
		for from := 1; from <= to; from++ {
			nodes, err := proof.Consistency(uint64(from), uint64(to))
			check(err)
			hashes := fetch(nodes)
			check(proof.VerifyConsistency(hasher, uint64(from), uint64(to), hashes, root(uint64(from)), root(uint64(to))))
			out.Consistency = append(out.Consistency, consistency{from, to, encode(hashes)})
		}
	}
	privateKey, publicKey, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)), origin)
	check(err)
	signer, err := note.NewSigner(privateKey)
	check(err)
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, leafCount, base64.StdEncoding.EncodeToString(root(leafCount)))
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	check(err)
	out.PrivateKey, out.PublicKey, out.Note = privateKey, publicKey, string(signed)
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	check(encoder.Encode(out))
}

func encode(hashes [][]byte) []string {
	texts := make([]string, 0, len(hashes))
	for _, hash := range hashes {
		texts = append(texts, hex.EncodeToString(hash))
	}
	return texts
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
