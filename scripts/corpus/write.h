// What the writers in C share: main reads the history and calls write_history, which calls emit for
// each file. Usage of each program: PROGRAM OUT HISTORY.
#include <stdio.h>
#include <stdlib.h>

static void write_history(const char *text);

static const char *out;

static void emit(const char *name, const char *text, const char *writer, const char *version, const char *call) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s.json", out, name);
  FILE *f = fopen(path, "wb");
  if (!f || fputs(text, f) < 0 || fclose(f)) {
    perror(path);
    exit(1);
  }
  printf("%s.json\t%s\t%s\t%s\n", name, writer, version, call);
}

int main(int argc, char **argv) {
  out = argv[1];
  static char text[1 << 16];
  FILE *f = fopen(argv[2], "rb");
  if (argc < 3 || !f || !fread(text, 1, sizeof text - 1, f)) {
    perror(argv[2]);
    return 1;
  }
  fclose(f);
  write_history(text);
  return 0;
}
