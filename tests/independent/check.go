// Checks an unpacked evidence bundle by its README.md alone, with Go's sumdb packages and no code of loa.
//
//	check DIR [KEY]
//
// KEY is the station's public key in signed-note form; without it the bundle's own is used. Prints what was
// checked and exits with 0, or the first fault and exits with 1.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
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
	origin, tree := open(dir, strings.TrimSpace(key))
	reader := tlog.TileHashReader(tree, &tiles{dir: dir, seen: map[tlog.Tile][]byte{}})

	checked := checkTiles(dir, tree, reader)
	held, named, days, accepted, settings, anchors := checkEntries(dir, tree, reader)
	blobs := checkDigests(dir, "blobs/sha256", named)
	checkApprovals(dir, accepted, settings)
	witnessed := checkAnchors(dir, origin, reader, anchors, settings)
	media := checkDigests(dir, "media", nil)
	checkStretches(dir, tree, held, days)
	fmt.Printf("ok: %d of %d entries, %d tiles, %d blobs, %d media files, %d of %d anchors, root %x\n",
		len(held), tree.N, checked, blobs, media, witnessed, len(anchors), tree.Hash[:])
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
func open(dir, key string) (origin string, tree tlog.Tree) {
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
	return lines[0], tlog.Tree{N: size, Hash: root}
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
// they say of accepted schedules, of settings and of witnesses.
func checkEntries(dir string, tree tlog.Tree, reader tlog.HashReader) (held []int64, named map[string]bool, days map[int64]string, accepted []map[string]interface{}, settings, anchors []entry) {
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
				settings = append(settings, said)
			case "anchor":
				anchors = append(anchors, said)
			}
			days[seq] = time.UnixMilli(said.Clk.Wall + 60000*said.Clk.Offset).UTC().Format("2006-01-02")
			held = append(held, seq)
		}
		if len(data) != 0 {
			fail("%s: more than %d entries", name, wide)
		}
	}
	sort.Slice(held, func(i, j int) bool { return held[i] < held[j] })
	sort.Slice(settings, func(i, j int) bool { return settings[i].Seq < settings[j].Seq })
	return held, named, days, accepted, settings, anchors
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
func checkApprovals(dir string, accepted []map[string]interface{}, settings []entry) {
	var trusted []byte
	for _, said := range settings {
		trusted = append(trusted, read(dir, fmt.Sprintf("blobs/sha256/%v", said.Body["digest"]))...)
		if digest, ok := said.Body["trust"].(string); ok {
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

// cosigner is a witness's key: C2SP tlog-cosignature, Ed25519.
type cosigner struct {
	name string
	id   []byte
	key  ed25519.PublicKey
}

// quoted finds keys as settings write them: <name>+<id in hex>+<Base64>.
var quoted = regexp.MustCompile(`["']([^"'+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)["']`)

// cosigners gives the keys of witnesses in a settings file: those of the kind 0x04, which nobody else has.
func cosigners(settings []byte) (keys []cosigner) {
	for _, line := range strings.Split(string(settings), "\n") {
		for _, found := range quoted.FindAllStringSubmatch(strings.SplitN(line, "#", 2)[0], -1) {
			data, err := base64.StdEncoding.DecodeString(found[3])
			if err != nil || len(data) != 1+ed25519.PublicKeySize || data[0] != 4 {
				continue
			}
			id := sha256.Sum256(append([]byte(found[1]+"\n"), data...))
			if hex.EncodeToString(id[:4]) == found[2] {
				keys = append(keys, cosigner{found[1], id[:4], data[1:]})
			}
		}
	}
	return keys
}

// checkAnchors opens each witness's word with the keys of the settings in force at its entry, and compares its root with
// the tree's at its size; gives how many roots the tiles that are here bear out. The others refute nothing.
func checkAnchors(dir, origin string, reader tlog.HashReader, anchors, settings []entry) (witnessed int) {
	sort.Slice(anchors, func(i, j int) bool { return anchors[i].Seq < anchors[j].Seq })
	var keys []cosigner
	known := false
	for _, said := range anchors {
		for ; len(settings) > 0 && settings[0].Seq < said.Seq; settings = settings[1:] {
			keys, known = cosigners(read(dir, fmt.Sprintf("blobs/sha256/%v", settings[0].Body["digest"]))), true
		}
		text := func(name string) string {
			value, _ := said.Body[name].(string)
			return value
		}
		number := func(name string) int64 {
			value, ok := said.Body[name].(float64)
			if !ok || value < 0 || value != float64(int64(value)) {
				fail("entry %d: no %s", said.Seq, name)
			}
			return int64(value)
		}
		size, seconds := number("size"), number("time")
		root, err := hex.DecodeString(text("root"))
		if err != nil || len(root) != tlog.HashSize || size > said.Seq {
			fail("entry %d: no head of what stands before it", said.Seq)
		}
		if !known {
			continue
		}
		if !cosigned(origin, size, seconds, root, text("by"), text("signature"), keys) {
			fail("entry %d: not signed by a witness of the settings", said.Seq)
		}
		proved, err := tlog.TreeHash(size, reader)
		if err != nil {
			continue
		}
		if !bytes.Equal(proved[:], root) {
			fail("entry %d: the witness saw another history", said.Seq)
		}
		witnessed++
	}
	return witnessed
}

// cosigned tells whether one of keys, called by, signed this head at this time: the signature is the key's id, the time and
// Ed25519 over the time and the head's text.
func cosigned(origin string, size, seconds int64, root []byte, by, signature string, keys []cosigner) bool {
	data, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || len(data) != 4+8+ed25519.SignatureSize {
		return false
	}
	if binary.BigEndian.Uint64(data[4:12]) != uint64(seconds) {
		return false
	}
	head := fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root))
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", seconds, head)
	for _, key := range keys {
		if key.name == by && bytes.Equal(key.id, data[:4]) && ed25519.Verify(key.key, []byte(signed), data[12:]) {
			return true
		}
	}
	return false
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
