"""The custody room: which key the log is signed with next, proposed by one administrator and agreed to by another."""
