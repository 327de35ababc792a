// `meridian`: looks at regions, keys, conflicts and logs, for people.
int main() { return 2; }
