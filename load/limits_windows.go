package load

// allowFiles does nothing: Windows has no limit of this kind on sockets.
func allowFiles(int) error { return nil }
