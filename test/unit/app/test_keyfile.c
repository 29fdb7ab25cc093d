// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/keyfile.h"

struct fixture {
	char dir[64];
	struct rng rng;
	struct buf why;
};

static int setup(void **state)
{
	static struct fixture f;
	strcpy(f.dir, "/tmp/tandem-key-XXXXXX");
	if (!mkdtemp(f.dir))
		return -1;
	rng_init_seed(&f.rng, 7);
	buf_init(&f.why, 4096);
	*state = &f;
	return 0;
}

static const char *path_of(const struct fixture *f, const char *name)
{
	static char path[128];
	snprintf(path, sizeof path, "%s/%s", f->dir, name);
	return path;
}

static void put_file(const struct fixture *f, const char *name, const char *text, mode_t mode)
{
	int fd = open(path_of(f, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	fchmod(fd, mode);
	close(fd);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	unlink(path_of(f, "secret.key"));
	unlink(path_of(f, "tandem.db"));
	buf_fini(&f->why);
	return rmdir(f->dir); /* nothing else was left there */
}

static void test_key_is_made_once_and_found_again(void **state)
{
	struct fixture *f = *state;
	struct seal_key made, found;
	struct stat st;
	assert_int_equal(keyfile_load(f->dir, &f->rng, &made, &f->why), 0);
	assert_int_equal(keyfile_load(f->dir, &f->rng, &found, &f->why), 0);
	assert_memory_equal(&made, &found, sizeof made);
	assert_int_equal(stat(path_of(f, "secret.key"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_key_that_others_may_read_is_refused(void **state)
{
	struct fixture *f = *state;
	struct seal_key key;
	assert_int_equal(keyfile_load(f->dir, &f->rng, &key, &f->why), 0);
	assert_int_equal(chmod(path_of(f, "secret.key"), 0640), 0);
	assert_int_equal(keyfile_load(f->dir, &f->rng, &key, &f->why), E_POLICY);
}

static void test_database_without_its_key_is_refused(void **state)
{
	struct fixture *f = *state;
	struct seal_key key;
	put_file(f, "tandem.db", "x", 0600);
	assert_int_equal(keyfile_load(f->dir, &f->rng, &key, &f->why), E_POLICY);
	assert_int_not_equal(access(path_of(f, "secret.key"), F_OK), 0);
}

static void test_file_that_is_no_key_is_refused(void **state)
{
	struct fixture *f = *state;
	struct seal_key key;
	put_file(f, "secret.key", "not a key\n", 0600);
	assert_int_equal(keyfile_load(f->dir, &f->rng, &key, &f->why), E_MALFORMED);
}

int main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_key_is_made_once_and_found_again),
		T(test_key_that_others_may_read_is_refused),
		T(test_database_without_its_key_is_refused),
		T(test_file_that_is_no_key_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
