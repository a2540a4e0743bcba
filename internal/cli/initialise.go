package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"dunlin/jsre/types"
)

func (a *app) initCommand() *cobra.Command {
	plain := false
	cmd := &cobra.Command{
		Use:   "init [FOLDER]",
		Short: "Begin a script project",
		Long: "Write a script to begin with, main.ts, and what TypeScript, editors and git have to know of it:\n" +
			"tsconfig.json, package.json, .gitignore and the declarations, into this folder or another, which is made\n" +
			"where it is missing. A file that is there stays as it is.",
		Example: lines(
			"# Begin a project, and run it with a broker of its own",
			"dunlin init lamp",
			"dunlin init lamp && dunlin run --broker lamp/main.ts"),
		ValidArgsFunction: completeFolders,
		RunE: func(_ *cobra.Command, args []string) error {
			folder := "."
			switch {
			case len(args) > 1:
				return usagef("init: %q comes after the folder", args[1])
			case len(args) == 1:
				folder = args[0]
			}
			return a.begin(folder, plain)
		},
	}
	cmd.Flags().BoolVar(&plain, "js", false, "write main.js, for JavaScript, instead of main.ts")
	return cmd
}

// begin writes the files of a project, and says of each whether it was there.
func (a *app) begin(folder string, plain bool) error {
	files, err := projectFiles(folder, plain)
	if err != nil {
		return failf("init: %w", err)
	}
	for _, f := range files {
		path := filepath.Join(folder, f.Name)
		switch err := create(path, f.Text); {
		case errors.Is(err, fs.ErrExist):
			_, _ = fmt.Fprintf(a.out, "%s: kept\n", path)
		case err != nil:
			return failf("init: %w; name a folder that can be written", err)
		default:
			_, _ = fmt.Fprintf(a.out, "%s: written\n", path)
		}
	}
	return nil
}

// create writes a file that is not there yet, with the folders above it.
func create(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

// projectFiles are the files of a project. Their names are relative to its folder.
func projectFiles(folder string, plain bool) ([]types.File, error) {
	abs, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	name := strings.Trim(regexp.MustCompile(`[^a-z0-9-]+`).ReplaceAllString(strings.ToLower(filepath.Base(abs)), "-"), "-")
	if name == "" {
		name = "script"
	}
	main := "main.ts"
	compiler := map[string]any{
		"target": "es2023", "lib": []string{"esnext"}, "module": "preserve", "types": []string{}, "strict": true, "noEmit": true,
		"allowImportingTsExtensions": true, "verbatimModuleSyntax": true,
	}
	if plain {
		main = "main.js"
		compiler["allowJs"], compiler["checkJs"] = true, true
	}
	project, err := asJSON(map[string]any{
		"name": name, "private": true, "type": "module",
		"scripts":         map[string]string{"start": "dunlin run " + main, "check": "tsc --noEmit"},
		"devDependencies": map[string]string{"typescript": ">=5.4"},
	})
	if err != nil {
		return nil, err
	}
	config, err := asJSON(map[string]any{"compilerOptions": compiler, "exclude": []string{"node_modules"}})
	if err != nil {
		return nil, err
	}
	files := []types.File{
		{Name: main, Text: "// Run it with a broker of its own: dunlin run --broker " + main + mainText},
		{Name: "package.json", Text: project},
		{Name: "tsconfig.json", Text: config},
		{Name: ".gitignore", Text: "/node_modules/\n"},
	}
	declarations, err := types.Files()
	for _, f := range declarations {
		files = append(files, types.File{Name: filepath.Join(typesFolder, f.Name), Text: f.Text})
	}
	return files, err
}

func asJSON(value any) (string, error) {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return out.String(), err
}

// mainText is the script that a project begins with, after its first line.
const mainText = `
import mqtt from 'mqtt';

const url = process.env.MQTT_URL ?? 'mqtt://localhost';
const client = await mqtt.connectAsync(url, {}, false);

client.on('message', (topic, payload) => {
  console.log(` + "`${topic}: ${payload}`" + `);
  client.end();
});
await client.subscribeAsync('hello/#');
await client.publishAsync('hello/world', 'the first message');
`
