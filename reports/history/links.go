package history

import (
	"net/url"
	"path/filepath"
)

// Links lead from a page to files of the folder that a history was read from. The zero value is for a page that lies in that
// folder itself.
type Links struct {
	folder string // from the page's folder
	lost   bool   // there is no way from one to the other
}

// LinksFrom are those of a page that is written to a file; a page that is printed may be put into the folder.
func LinksFrom(page, folder string) Links {
	if page == "" {
		return Links{}
	}
	from, err := filepath.Abs(filepath.Dir(page))
	if err != nil {
		return Links{lost: true}
	}
	to, err := filepath.Abs(folder)
	if err != nil {
		return Links{lost: true}
	}
	way, err := filepath.Rel(from, to)
	if err != nil { // on another drive
		return Links{lost: true}
	}
	return Links{folder: way}
}

// To is the relative reference to a file of the folder, which is named with slashes; empty if there is none. It has no scheme,
// whatever the file is called.
func (l Links) To(file string) string {
	if file == "" || l.lost {
		return ""
	}
	way := url.URL{Path: filepath.ToSlash(filepath.Join(l.folder, filepath.FromSlash(file)))}
	return way.String()
}
