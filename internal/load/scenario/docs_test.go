package scenario_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"dunlin/internal/load/result"
	"dunlin/internal/load/scenario"
)

// page is docs/BENCH.md.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/BENCH.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestThePagesFilesAreScenarios(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page(t), -1)
	if len(blocks) == 0 {
		t.Fatal("there are none")
	}
	for _, block := range blocks {
		if _, err := scenario.Parse("docs/BENCH.md", []byte(block[1])); err != nil {
			t.Errorf("%v in\n%s", err, block[1])
		}
	}
}

func TestThePagesThresholdsAreThresholds(t *testing.T) {
	found := regexp.MustCompile("`([a-z0-9_./]+(?:>=|<=|[<>])[a-zA-Z0-9.]+)`").FindAllStringSubmatch(page(t), -1)
	if len(found) < 10 {
		t.Fatalf("there are %d", len(found))
	}
	for _, one := range found {
		if _, err := result.ParseThreshold(one[1], nil); err != nil {
			t.Error(err)
		}
	}
}

// TestThePageHasEveryKey asks the parser for the keys that there are, and looks for each in the tables of the page.
func TestThePageHasEveryKey(t *testing.T) {
	text := page(t)
	for _, file := range []string{
		"nokeylikeit: 1", "groups: {nokeylikeit: 1}", "groups: {publish: {nokeylikeit: 1}}", "groups: {subscribe: {nokeylikeit: 1}}",
		"groups: {will: {nokeylikeit: 1}}", "groups: {drop: {nokeylikeit: 1}}", "phases: {nokeylikeit: 1}",
	} {
		_, err := scenario.Parse("f", []byte(file))
		if err == nil {
			t.Fatalf("%s is taken", file)
		}
		_, keys, _ := strings.Cut(strings.TrimSuffix(err.Error(), " (and 1 more)"), "there are ")
		for key := range strings.SplitSeq(keys, ", ") {
			if !strings.Contains(text, "`"+key+"`") || key == "" {
				t.Errorf("%q is not on the page, as a key in\n%s", key, file)
			}
		}
	}
}
