package doctor

func openFiles() (uint64, Finding) {
	return 0, Finding{Name: "open files", Value: "Windows sets no limit of this kind", Status: OK}
}
