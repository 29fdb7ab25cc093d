// SPDX-License-Identifier: Apache-2.0
#include "app/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_BYTES = 32, TEXT_BYTES = 2 * KEY_BYTES };

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ch_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_key(struct str s, struct seal_key *out)
{
	s = str_trim(s);
	if (s.n != TEXT_BYTES)
		return E_MALFORMED;
	for (size_t i = 0; i < KEY_BYTES; i++) {
		int hi = hex_value(s.p[2 * i]), lo = hex_value(s.p[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return E_MALFORMED;
		out->key[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

static int read_key(int fd, const char *path, struct seal_key *out, struct buf *why)
{
	char text[TEXT_BYTES + 8];
	struct stat st;
	if (fstat(fd, &st) != 0)
		return errno;
	if (st.st_mode & 077) {
		buf_printf(why, "%s may be read by others; chmod 600 it", path);
		return E_POLICY;
	}
	ssize_t n = read(fd, text, sizeof text);
	int err = n < 0 ? errno : parse_key((struct str){text, (size_t)n}, out);
	mem_wipe(text, sizeof text);
	if (err)
		buf_printf(why, "%s holds no key: %s", path, err_text(err));
	return err;
}

static int write_all(int fd, struct str s)
{
	ssize_t n = write(fd, s.p, s.n);
	if (n != (ssize_t)s.n)
		return n < 0 ? errno : EIO;
	return fsync(fd) == 0 ? 0 : errno;
}

static int sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	int err = fsync(fd) == 0 ? 0 : errno;
	close(fd);
	return err;
}

/* Whole or not at all: written under another name, then renamed. */
static int write_key(const char *dir, const char *path, const struct seal_key *key)
{
	char fresh[PATH_MAX], mem[TEXT_BYTES + 2];
	struct buf text;
	buf_init_fixed(&text, mem, sizeof mem);
	buf_hex(&text, key->key, KEY_BYTES);
	buf_ch(&text, '\n');
	int n = snprintf(fresh, sizeof fresh, "%s.new", path);
	if (n < 0 || (size_t)n >= sizeof fresh)
		return ENAMETOOLONG;
	unlink(fresh);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	int err = write_all(fd, buf_view(&text));
	close(fd);
	mem_wipe(mem, sizeof mem);
	if (err == 0 && rename(fresh, path) != 0)
		err = errno;
	return err ? err : sync_dir(dir);
}

static int make_key(const char *dir, const char *path, struct rng *rng, struct seal_key *out,
                    struct buf *why)
{
	char db[PATH_MAX];
	int n = snprintf(db, sizeof db, "%s/tandem.db", dir);
	if (n < 0 || (size_t)n >= sizeof db)
		return ENAMETOOLONG;
	if (access(db, F_OK) == 0) {
		buf_printf(why, "%s is missing: without it the passwords in %s cannot be opened", path,
		           db);
		return E_POLICY;
	}
	rng_bytes(rng, out->key, KEY_BYTES);
	int err = write_key(dir, path, out);
	if (err)
		buf_printf(why, "%s cannot be written: %s", path, err_text(err));
	return err;
}

int keyfile_load(const char *data_dir, struct rng *rng, struct seal_key *out, struct buf *why)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/secret.key", data_dir);
	if (n < 0 || (size_t)n >= sizeof path)
		return ENAMETOOLONG;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return make_key(data_dir, path, rng, out, why);
	if (fd < 0) {
		int err = errno;
		buf_printf(why, "%s: %s", path, err_text(err));
		return err;
	}
	int err = read_key(fd, path, out, why);
	close(fd);
	return err;
}
