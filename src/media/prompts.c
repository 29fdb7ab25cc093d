// SPDX-License-Identifier: Apache-2.0
#include "media/prompts.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/map.h"

enum { MAX_DEPTH = 4, MAX_LANGUAGES = 64, MAX_PATH = 512 };

/* A folder of the root: "en_US_f_Allison" is English of the United States. */
struct voice_folder {
	char name[64];
	char language[4];  /* "en" */
	char country[4];   /* "US", or empty */
};

struct prompt_file {
	struct map_node node;
	uint16_t folder;
	bool wide;         /* 16 kHz */
	const char *ext;   /* static */
	size_t name_n;
	char name[];
};

struct prompts {
	char root[MAX_PATH];
	struct voice_folder folders[MAX_LANGUAGES];
	uint16_t n_folders;
	struct map files;
	size_t n;
};

static const struct hash_key hash_key = {0x70726f6d, 0x707473}; /* names are not a peer's */

static uint64_t hash_of(uint16_t folder, struct str name)
{
	return hash_str(&hash_key, name) ^ folder * 0x9e3779b97f4a7c15;
}

static struct prompt_file *find(const struct prompts *p, uint16_t folder, struct str name)
{
	for (struct map_node *n = map_find(&p->files, hash_of(folder, name)); n; n = map_next(n)) {
		struct prompt_file *f = container_of(n, struct prompt_file, node);
		if (f->folder == folder && str_eq((struct str){f->name, f->name_n}, name))
			return f;
	}
	return NULL;
}

/* -- reading the directories ------------------------------------------------------------- */

static void add(struct prompts *p, uint16_t folder, struct str name, const char *ext, bool wide)
{
	struct prompt_file *f = find(p, folder, name);
	if (f) {
		if (wide && !f->wide) {
			f->wide = true;
			f->ext = ext;
		}
		return;
	}
	f = malloc(sizeof *f + name.n);
	if (!f)
		abort();
	*f = (struct prompt_file){.folder = folder, .wide = wide, .ext = ext, .name_n = name.n};
	memcpy(f->name, name.p, name.n);
	map_insert(&p->files, &f->node, hash_of(folder, name));
	p->n++;
}

static void add_file(struct prompts *p, uint16_t folder, struct str name)
{
	static const struct {
		struct str ending;
		bool wide;
	} kinds[] = {{STR(".g722"), true}, {STR(".wav"), false}, {STR(".opus"), true}};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct str e = kinds[i].ending;
		if (name.n > e.n && str_eq(str_sub(name, name.n - e.n, name.n), e))
			add(p, folder, str_sub(name, 0, name.n - e.n), e.p, kinds[i].wide);
	}
}

static int scan(struct prompts *p, uint16_t folder, const char *below, int depth)
{
	char path[MAX_PATH + PROMPT_MAX_NAME + 80];
	snprintf(path, sizeof path, "%s/%s%s", p->root, p->folders[folder].name, below);
	DIR *d = opendir(path);
	if (!d)
		return 0;
	int err = 0;
	for (struct dirent *e; !err && (e = readdir(d));) {
		char name[PROMPT_MAX_NAME + 8];
		int n = snprintf(name, sizeof name, "%s/%s", below, e->d_name);
		if (e->d_name[0] == '.' || n < 0 || (size_t)n >= sizeof name)
			continue;
		if (e->d_type == DT_DIR && depth < MAX_DEPTH)
			err = scan(p, folder, name, depth + 1);
		else
			add_file(p, folder, (struct str){name + 1, (size_t)n - 1});
		if (p->n > PROMPT_MAX_FILES)
			err = E_LIMIT;
	}
	closedir(d);
	return err;
}

/* "en", "pt_BR", "en_US_f_Allison": two letters, and perhaps two of a country. */
static bool read_folder(const char *name, struct voice_folder *f)
{
	*f = (struct voice_folder){0};
	size_t n = strlen(name);
	if (n < 2 || n >= sizeof f->name || !islower((unsigned char)name[0]) ||
	    !islower((unsigned char)name[1]) || (n > 2 && name[2] != '_' && name[2] != '-'))
		return false;
	memcpy(f->name, name, n + 1);
	memcpy(f->language, name, 2);
	if (n >= 5 && isupper((unsigned char)name[3]) && isupper((unsigned char)name[4]))
		memcpy(f->country, name + 3, 2);
	return true;
}

static int scan_root(struct prompts *p)
{
	struct dirent **names;
	int n = scandir(p->root, &names, NULL, alphasort); /* one order on each machine */
	int err = 0;
	for (int i = 0; i < n; i++) {
		struct voice_folder *f = &p->folders[p->n_folders];
		if (!err && p->n_folders < MAX_LANGUAGES && read_folder(names[i]->d_name, f))
			err = scan(p, p->n_folders++, "", 0);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return err;
}

int prompts_new(struct prompts **out, const char *root)
{
	struct prompts *p = calloc(1, sizeof *p);
	if (!p)
		abort();
	map_init(&p->files);
	if (!str_copyz(p->root, sizeof p->root, str_z(root))) {
		prompts_free(p);
		return E_LIMIT;
	}
	int err = scan_root(p);
	if (err) {
		prompts_free(p);
		return err;
	}
	*out = p;
	return 0;
}

void prompts_free(struct prompts *p)
{
	if (!p)
		return;
	size_t pos = 0;
	struct map_node *n = map_walk(&p->files, NULL, &pos);
	while (n) {
		struct prompt_file *f = container_of(n, struct prompt_file, node);
		n = map_walk(&p->files, n, &pos);
		free(f);
	}
	map_fini(&p->files);
	free(p);
}

size_t prompts_count(const struct prompts *p)
{
	return p->n;
}

/* -- looking up -------------------------------------------------------------------------- */

static int put_path(const struct prompts *p, const struct prompt_file *f, char *path, size_t n)
{
	int len = snprintf(path, n, "%s/%s/%.*s%s", p->root, p->folders[f->folder].name, (int)f->name_n,
	                   f->name, f->ext);
	return len > 0 && (size_t)len < n ? 0 : E_LIMIT;
}

/* In a folder of the language; `country` empty: any. */
static const struct prompt_file *find_spoken(const struct prompts *p, struct str language,
                                             struct str country, struct str name)
{
	for (uint16_t i = 0; i < p->n_folders; i++) {
		const struct voice_folder *v = &p->folders[i];
		if (!str_ieq(language, str_z(v->language)) ||
		    (country.n && !str_ieq(country, str_z(v->country))))
			continue;
		const struct prompt_file *f = find(p, i, name);
		if (f)
			return f;
	}
	return NULL;
}

static const struct prompt_file *find_best(const struct prompts *p, struct str language, struct str name)
{
	struct str country = language;
	struct str first = str_cut(&country, '-');
	const struct prompt_file *f = country.n ? find_spoken(p, first, country, name) : NULL;
	return f ? f : find_spoken(p, first, STR_NONE, name);
}

int prompts_find_in(const struct prompts *p, struct str language, struct str name, char *path, size_t n)
{
	const struct prompt_file *f = find_best(p, language, name);
	return f ? put_path(p, f, path, n) : ENOENT;
}

int prompts_find(const struct prompts *p, struct str language, struct str name, char *path, size_t n,
                 const char **spoken)
{
	const struct prompt_file *f = find_best(p, language, name);
	if (!f)
		f = find_best(p, STR("en"), name);
	if (!f)
		return ENOENT;
	if (spoken)
		*spoken = p->folders[f->folder].language;
	return put_path(p, f, path, n);
}
