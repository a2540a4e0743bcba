package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"dunlin/jsre/types"
)

// typesFolder is where declarations are written unless another folder is named.
const typesFolder = "types"

func (a *app) typesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "types [FOLDER]",
		Short: "Write the type declarations of scripts",
		Long: "Write what TypeScript and editors have to know of scripts, all modules and globals, as .d.ts files into\n" +
			"a folder: types unless another is named. It is made where it is missing, and files of these names in it are\n" +
			"replaced. A tsconfig.json has the folder in \"include\", and no other \"types\"; dunlin init makes one.",
		Example: lines(
			"# Write the declarations beside a script",
			"dunlin types"),
		ValidArgsFunction: completeFolders,
		RunE: func(_ *cobra.Command, args []string) error {
			folder := typesFolder
			switch {
			case len(args) > 1:
				return usagef("types: %q comes after the folder", args[1])
			case len(args) == 1:
				folder = args[0]
			}
			files, err := types.Files()
			if err != nil {
				return failf("types: %w", err)
			}
			if err := writeTypes(folder, files); err != nil {
				return failf("types: %w; name a folder that can be written", err)
			}
			_, _ = fmt.Fprintf(a.out, "%s: %s\n", folder, plural(len(files), "file"))
			return nil
		},
	}
}

// writeTypes writes files of declarations into a folder.
func writeTypes(folder string, files []types.File) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(folder, f.Name), []byte(f.Text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
