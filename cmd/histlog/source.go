package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// aboutSource adds to an error of a source what was being done, and puts the
// source's name into a hint that has FILE in its place.
func aboutSource(what, source string, err error) error {
	code, hint := explain(err)
	err = named(what, err)
	if source == "-" || !strings.Contains(hint, "FILE") {
		return err
	}
	hint = strings.NewReplacer("FILE", shellWord(source), "OTHER", shellWord(otherName(source))).Replace(hint)
	return &exitError{code: code, err: err, hint: hint}
}

// otherName proposes a name for a decompressed or converted copy of a source.
func otherName(source string) string {
	ext := filepath.Ext(source)
	base := strings.TrimSuffix(source, ext)
	switch {
	case strings.HasPrefix(strings.ToLower(ext), ".js"), strings.EqualFold(ext, ".ndjson"):
		return base + ".new" + ext
	case filepath.Ext(base) == "":
		return base + ".json"
	}
	return base
}

// shellWord returns a name as a shell takes it.
func shellWord(name string) string {
	if strings.HasPrefix(name, "-") {
		name = "./" + name
	}
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+@%,:=-"
	if name != "" && strings.Trim(name, plain) == "" {
		return name
	}
	return "'" + strings.ReplaceAll(safe(name), "'", `'\''`) + "'"
}

// named puts what was being done before an error, unless it says so itself.
func named(what string, err error) error {
	var path *os.PathError
	if errors.As(err, &path) && strings.Contains(err.Error(), strings.TrimPrefix(what, "migrate ")) {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}
