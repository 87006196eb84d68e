// Checks an unpacked evidence bundle by its README.md alone, with Go's sumdb packages and no code of loa.
//
//	check DIR [KEY]
//
// KEY is the station's public key in signed-note form; without it the bundle's own is used. Prints what was
// checked and exits with 0, or the first fault and exits with 1.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func main() {
	if len(os.Args) < 2 {
		fail("usage: check DIR [KEY]")
	}
	dir := os.Args[1]
	key := ""
	if len(os.Args) > 2 {
		key = os.Args[2]
	} else {
		key = string(read(dir, "keys/station.pub"))
	}
	tree := open(dir, strings.TrimSpace(key))
	reader := tlog.TileHashReader(tree, &tiles{dir: dir, seen: map[tlog.Tile][]byte{}})

	checked := checkTiles(dir, tree, reader)
	held, named, days, accepted, settings := checkEntries(dir, tree, reader)
	blobs := checkDigests(dir, "blobs/sha256", named)
	checkApprovals(dir, accepted, settings)
	media := checkDigests(dir, "media", nil)
	checkStretches(dir, tree, held, days)
	fmt.Printf("ok: %d of %d entries, %d tiles, %d blobs, %d media files, root %x\n",
		len(held), tree.N, checked, blobs, media, tree.Hash[:])
}

func fail(format string, args ...interface{}) {
	fmt.Printf("FAIL: "+format+"\n", args...)
	os.Exit(1)
}

func read(dir, name string) []byte {
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		fail("%v", err)
	}
	return data
}

// open opens the signed head: origin, size, root.
func open(dir, key string) tlog.Tree {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		fail("key: %v", err)
	}
	head, err := note.Open(read(dir, "log/checkpoint"), note.VerifierList(verifier))
	if err != nil {
		fail("log/checkpoint: %v", err)
	}
	lines := strings.Split(head.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		fail("log/checkpoint: %q", head.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		fail("log/checkpoint: size %q", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		fail("log/checkpoint: root %q", lines[2])
	}
	return tlog.Tree{N: size, Hash: root}
}

// number gives <K>: three digits at a time, all groups but the last with an x.
func number(n int64) string {
	text := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		text = fmt.Sprintf("x%03d/%s", n%1000, text)
	}
	return text
}

// width gives how many hashes a tile has in a tree of the given size; 0 when there is no such tile.
func width(level int, index, size int64) int {
	rest := size>>(height*uint(level)) - index<<height
	switch {
	case rest <= 0:
		return 0
	case rest >= 1<<height:
		return 1 << height
	}
	return int(rest)
}

func path(level string, index int64, width int) string {
	name := "log/tile/" + level + "/" + number(index)
	if width < 1<<height {
		name += fmt.Sprintf(".p/%d", width)
	}
	return name
}

// tiles reads hash tiles for tlog, which proves them.
type tiles struct {
	dir  string
	seen map[tlog.Tile][]byte
}

func (t *tiles) Height() int                         { return height }
func (t *tiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		data, ok := t.seen[tile]
		if !ok {
			var err error
			if data, err = os.ReadFile(filepath.Join(t.dir, path(strconv.Itoa(tile.L), tile.N, tile.W))); err != nil {
				return nil, err
			}
			t.seen[tile] = data
		}
		all = append(all, data)
	}
	return all, nil
}

// files gives the paths below a folder, sorted; none when there is no such folder.
func files(dir, below string) []string {
	var found []string
	filepath.WalkDir(filepath.Join(dir, below), func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			relative, _ := filepath.Rel(dir, name)
			found = append(found, filepath.ToSlash(relative))
		}
		return nil
	})
	sort.Strings(found)
	return found
}

// place parses a tile's path and refuses one that a tree of this size does not have.
func place(name string, size int64) (level string, index int64, wide int) {
	parts := strings.Split(strings.TrimPrefix(name, "log/tile/"), "/")
	level, parts = parts[0], parts[1:]
	if n := len(parts); n >= 2 && strings.HasSuffix(parts[n-2], ".p") {
		parts = append(parts[:n-2:n-2], strings.TrimSuffix(parts[n-2], ".p"))
	}
	for _, part := range parts {
		digits, err := strconv.ParseInt(strings.TrimPrefix(part, "x"), 10, 64)
		if err != nil {
			fail("%s: no tile", name)
		}
		index = index*1000 + digits
	}
	numeric := 0
	if level != "entries" {
		var err error
		if numeric, err = strconv.Atoi(level); err != nil {
			fail("%s: no tile", name)
		}
	}
	wide = width(numeric, index, size)
	if wide == 0 || path(level, index, wide) != name {
		fail("%s: no tile of a tree of %d", name, size)
	}
	return level, index, wide
}

// checkTiles asks tlog for every hash of every tile that is there.
func checkTiles(dir string, tree tlog.Tree, reader tlog.HashReader) int {
	count := 0
	for _, name := range files(dir, "log/tile") {
		if strings.HasPrefix(name, "log/tile/entries/") {
			continue
		}
		level, index, wide := place(name, tree.N)
		numeric, _ := strconv.Atoi(level)
		indexes := make([]int64, wide)
		for i := range indexes {
			indexes[i] = tlog.StoredHashIndex(height*numeric, index<<height+int64(i))
		}
		proved, err := reader.ReadHashes(indexes)
		if err != nil {
			fail("%s: %v", name, err)
		}
		var data []byte
		for i := range proved {
			data = append(data, proved[i][:]...)
		}
		if !bytes.Equal(data, read(dir, name)) {
			fail("%s: not the tree's hashes", name)
		}
		count++
	}
	return count
}

type entry struct {
	Seq  int64  `json:"seq"`
	Kind string `json:"kind"`
	Clk  struct {
		Wall   int64 `json:"wall_ms"`
		Offset int64 `json:"offset_min"`
	} `json:"clk"`
	Body map[string]interface{}
}

// named gives the blobs that an entry needs.
var names = map[string][]string{
	"schedule.accept": {"digest", "slots", "approval"},
	"config":          {"digest", "plan"},
	"manual":          {"statement"},
}

// opening gives the blobs that a log's first entry may name.
func opening(body map[string]interface{}) (digests []string) {
	after, _ := body["after"].(map[string]interface{})
	for _, value := range []interface{}{body["previous"], after["endorsement"]} {
		if digest, ok := value.(string); ok {
			digests = append(digests, digest)
		}
	}
	return digests
}

// checkEntries compares each entry with the proved hash of its place, and proves the first and the last of each tile once
// more by a record proof of their own; gives the entries' numbers, the digests that they name, their days, and what
// they say of accepted schedules and of settings.
func checkEntries(dir string, tree tlog.Tree, reader tlog.HashReader) (held []int64, named map[string]bool, days map[int64]string, accepted, settings []map[string]interface{}) {
	named, days = map[string]bool{}, map[int64]string{}
	for _, name := range files(dir, "log/tile/entries") {
		_, index, wide := place(name, tree.N)
		data := read(dir, name)
		indexes := make([]int64, wide)
		for i := range indexes {
			indexes[i] = tlog.StoredHashIndex(0, index<<height+int64(i))
		}
		proved, err := reader.ReadHashes(indexes)
		if err != nil {
			fail("%s: %v", name, err)
		}
		for i := 0; i < wide; i++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				fail("%s: ends within entry %d", name, i)
			}
			length := int(binary.BigEndian.Uint16(data))
			leaf := data[2 : 2+length]
			data = data[2+length:]
			seq := index<<height + int64(i)
			if proved[i] != tlog.RecordHash(leaf) {
				fail("entry %d: not the one in the tree", seq)
			}
			if i == 0 || i == wide-1 {
				proof, err := tlog.ProveRecord(tree.N, seq, reader)
				if err == nil {
					err = tlog.CheckRecord(proof, tree.N, tree.Hash, seq, tlog.RecordHash(leaf))
				}
				if err != nil {
					fail("entry %d: %v", seq, err)
				}
			}
			var said entry
			if err := json.Unmarshal(leaf, &said); err != nil || said.Seq != seq {
				fail("entry %d: says that it is %d (%v)", seq, said.Seq, err)
			}
			for _, key := range names[said.Kind] {
				digest, ok := said.Body[key].(string)
				if !ok {
					fail("entry %d: no %s", seq, key)
				}
				named[digest] = true
			}
			if digest, ok := said.Body["trust"].(string); ok && said.Kind == "config" {
				named[digest] = true
			}
			if said.Kind == "log.open" {
				for _, digest := range opening(said.Body) {
					named[digest] = true
				}
			}
			switch said.Kind {
			case "schedule.accept":
				accepted = append(accepted, said.Body)
			case "config":
				settings = append(settings, said.Body)
			}
			days[seq] = time.UnixMilli(said.Clk.Wall + 60000*said.Clk.Offset).UTC().Format("2006-01-02")
			held = append(held, seq)
		}
		if len(data) != 0 {
			fail("%s: more than %d entries", name, wide)
		}
	}
	sort.Slice(held, func(i, j int) bool { return held[i] < held[j] })
	return held, named, days, accepted, settings
}

// checkDigests compares files with their names, and what is there with what must be there.
func checkDigests(dir, below string, needed map[string]bool) int {
	there := map[string]bool{}
	for _, name := range files(dir, below) {
		digest := sha256.Sum256(read(dir, name))
		said := strings.SplitN(filepath.Base(name), ".", 2)[0]
		if hex.EncodeToString(digest[:]) != said {
			fail("%s: other bytes", name)
		}
		there[said] = true
	}
	for digest := range needed {
		if !there[digest] {
			fail("%s/%s is missing", below, digest)
		}
	}
	return len(there)
}

// checkApprovals opens the approval of each accepted schedule with the approvers' keys, each of which stands in settings
// that an entry names.
func checkApprovals(dir string, accepted, settings []map[string]interface{}) {
	var trusted []byte
	for _, body := range settings {
		trusted = append(trusted, read(dir, fmt.Sprintf("blobs/sha256/%v", body["digest"]))...)
		if digest, ok := body["trust"].(string); ok {
			trusted = append(trusted, read(dir, "blobs/sha256/"+digest)...)
		}
	}
	var keys []note.Verifier
	for _, name := range files(dir, "keys") {
		if name == "keys/station.pub" {
			continue
		}
		key := strings.TrimSpace(string(read(dir, name)))
		verifier, err := note.NewVerifier(key)
		if err != nil {
			fail("%s: %v", name, err)
		}
		if !bytes.Contains(trusted, []byte(`"`+key+`"`)) {
			fail("%s: in no settings and no trust file", name)
		}
		keys = append(keys, verifier)
	}
	for _, body := range accepted {
		approval, err := note.Open(read(dir, fmt.Sprintf("blobs/sha256/%v", body["approval"])), note.VerifierList(keys...))
		if err != nil {
			fail("approval %v: %v", body["approval"], err)
		}
		if !strings.Contains(approval.Text, fmt.Sprintf("\nschedule %v\n", body["digest"])) {
			fail("approval %v: of another schedule", body["approval"])
		}
	}
}

// checkStretches compares the entries that are there with those that the bundle declares, and the days of one stretch
// with the period.
func checkStretches(dir string, tree tlog.Tree, held []int64, days map[int64]string) {
	var declared struct {
		From, To *string
		Size    int64
		Entries []struct{ First, Last int64 }
	}
	if err := json.Unmarshal(read(dir, "bundle.json"), &declared); err != nil {
		fail("bundle.json: %v", err)
	}
	var wanted []int64
	for _, stretch := range declared.Entries {
		for seq := stretch.First; seq <= stretch.Last && int64(len(wanted)) <= tree.N; seq++ {
			wanted = append(wanted, seq)
		}
	}
	if declared.Size != tree.N || fmt.Sprint(wanted) != fmt.Sprint(held) {
		fail("bundle.json: declares other entries than are there")
	}
	for _, day := range []*string{declared.From, declared.To} {
		if day == nil {
			continue
		}
		if _, err := time.Parse("2006-01-02", *day); err != nil {
			fail("bundle.json: %v", err)
		}
	}
	if declared.From != nil && declared.To != nil && *declared.To < *declared.From {
		fail("bundle.json: the period is reversed")
	}
	for _, stretch := range declared.Entries {
		begins := stretch.First == 0 || declared.From != nil && days[stretch.First] < *declared.From
		ends := stretch.Last+1 == tree.N || declared.To != nil && days[stretch.Last] > *declared.To
		if begins && ends {
			return
		}
	}
	fail("bundle.json: no stretch of entries reaches both ends of the period")
}
