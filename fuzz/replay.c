// SPDX-License-Identifier: Apache-2.0
/* A main for a fuzz target without libFuzzer: gives it each file that is named, and of each folder
 * every file, in a block of its exact size. So corpora run in `make test`, with any compiler. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "feed.h"

enum { MAX_FILE = 1 << 20 };

static size_t files;

static void replay_file(const char *path)
{
	static uint8_t room[MAX_FILE];
	FILE *f = fopen(path, "rb");
	if (!f) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(2);
	}
	size_t n = fread(room, 1, sizeof room, f);
	(void)fclose(f);
	uint8_t *exact = malloc(n ? n : 1);
	need(exact != NULL);
	memcpy(exact, room, n);
	fprintf(stderr, "\r%s\033[K", path); /* stays when this one fails */
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	files++;
}

static void replay_folder(const char *path)
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char file[4096];
		if (names[i]->d_name[0] != '.' &&
		    (size_t)snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name) < sizeof file)
			replay_file(file);
		free(names[i]);
	}
	free(names);
}

int main(int argc, char **argv)
{
	struct stat st;
	for (int i = 1; i < argc; i++) {
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			replay_folder(argv[i]);
		else
			replay_file(argv[i]);
	}
	fprintf(stderr, "\r\033[K");
	printf("%zu\n", files);
	return files ? 0 : 1;
}
