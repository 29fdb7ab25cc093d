// SPDX-License-Identifier: Apache-2.0
/*
 * sim [-s SEED] [-n SEEDS] [-k STEPS] [-H HOURS] [-p PHONES] [-d SHARDS] [-m NODES] [-v] [--shrink]
 *     [-o STEP,STEP...]
 * One line a seed; a seed that fails prints what happened last, and does not exit with 0. -o: these
 * steps alone, as --shrink prints them.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "shrink.h"
#include "sim.h"

/* -- saying what happens ------------------------------------------------------------- */

static struct sim *running; /* for the report of a sanitizer */

void sim_note(struct sim *s, const char *fmt, ...)
{
	char *line = s->trail[s->n_trail++ % TRAIL];
	int n = snprintf(line, sizeof s->trail[0], "%9.3f %5llu ", (double)s->wheel.now_ms / 1000,
	                 (unsigned long long)s->step);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof s->trail[0] - (size_t)n, fmt, ap);
	va_end(ap);
	if (s->a.loud)
		fprintf(stderr, "%s\n", line);
}

void sim_print_trail(const struct sim *s)
{
	unsigned first = s->n_trail > TRAIL ? s->n_trail - TRAIL : 0;
	for (unsigned i = first; i < s->n_trail && !s->a.loud; i++)
		fprintf(stderr, "%s\n", s->trail[i % TRAIL]);
	fprintf(stderr, "seed %llu, step %llu, %u phones, %u nodes of %u shards, %llu calls\n",
	        (unsigned long long)s->a.seed, (unsigned long long)s->step, s->a.phones, s->a.nodes,
	        s->a.shards,
	        (unsigned long long)s->calls);
}

static void remove_files(const struct sim *s)
{
	for (unsigned i = 0; i < s->a.nodes; i++)
		disk_remove(&s->nodes[i]);
}

void sim_fail(struct sim *s, const char *fmt, ...)
{
	sim_print_trail(s);
	fprintf(stderr, "FAILED: ");
	va_list ap;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	fflush(stderr);
	remove_files(s);
	_exit(2 + (int)(hash_stable(str_z(fmt)) % 200)); /* shrinking tells failures apart by it */
}

#ifdef __SANITIZE_ADDRESS__
void __sanitizer_set_death_callback(void (*fn)(void));

static void on_death(void)
{
	if (running)
		sim_print_trail(running), remove_files(running);
}
#endif

/* -- one run ------------------------------------------------------------------------- */

static struct seat *seat(const struct sim *s, unsigned i)
{
	return (struct seat *)&s->nodes[i / s->a.shards].seats[i % s->a.shards];
}

static uint64_t next_due(const struct sim *s)
{
	uint64_t next = timer_wheel_next_ms(&s->wheel);
	for (unsigned i = 0; i < s->a.nodes * s->a.shards; i++) {
		uint64_t n = timer_wheel_next_ms(&seat(s, i)->wheel);
		next = n < next ? n : next;
	}
	return next;
}

static void run_to(struct sim *s, uint64_t ms)
{
	for (unsigned i = 0; i < s->a.nodes * s->a.shards; i++)
		timer_wheel_run(&seat(s, i)->wheel, ms);
	timer_wheel_run(&s->wheel, ms);
}

void sim_advance(struct sim *s, uint64_t ms)
{
	uint64_t until = s->wheel.now_ms + ms, next;
	while ((next = next_due(s)) <= until)
		run_to(s, next > s->wheel.now_ms ? next : s->wheel.now_ms + 1);
	if (s->wheel.now_ms < until)
		run_to(s, until);
}

static void begin(struct sim *s, const struct sim_args *a)
{
	s->a = *a;
	timer_wheel_init(&s->wheel, START_MS);
	rng_init_seed(&s->net, a->seed);
	rng_init_seed(&s->dice, a->seed);
	log_init_null(&s->log);
	struct list_node *lists[] = {&s->packets, &s->streams, &s->cdrs, &s->sides};
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		list_init(lists[i]);
	config_init(s);
	for (unsigned i = 0; i < a->nodes; i++)
		switch_init(s, i);
	for (unsigned i = 0; i < a->phones; i++)
		phone_init(s, i);
}

/** Everybody hangs up, time passes, and nothing may be left. */
static void finish(struct sim *s)
{
	s->weather = (struct weather){0};
	sim_note(s, "--- the end");
	sim_advance(s, 60000);
	for (unsigned i = 0; i < s->a.phones; i++)
		list_for_each(it, &s->phones[i].sesss)
			talk_hangup(container_of(it, struct sess, node));
	sim_advance(s, 1100000); /* also calls of phones that are gone: max_call_ms */
	check_quiet(s, true);
	for (unsigned i = 0; i < s->a.phones; i++)
		phone_off(&s->phones[i]);
	sim_advance(s, 40000);
	for (unsigned i = 0; i < s->a.nodes; i++) {
		switch_check_idle(&s->nodes[i]);
		switch_end(&s->nodes[i]);
	}
	net_end(s);
	tcp_end(s);
	for (unsigned i = 0; i < s->a.nodes; i++)
		disk_check_end(&s->nodes[i]);
	check_end(s);
	if (s->wheel.n)
		sim_fail(s, "%zu timers of the simulator are left", s->wheel.n);
	config_end(s);
}

void sim_run(struct sim *s, const struct sim_args *a)
{
	begin(s, a);
	for (s->step = 0; a->until_ms ? s->wheel.now_ms < a->until_ms : s->step < a->steps; s->step++) {
		if (a->skip && s->step < a->steps && a->skip[s->step])
			continue;
		rng_init_seed(&s->dice, a->seed * 1000003 + s->step);
		act(s);
	}
	finish(s);
}

/* -- shrinking ----------------------------------------------------------------------- */

static void add(struct sim *all, const struct sim *s)
{
	all->calls += s->calls;
	all->records += s->records;
	all->answered += s->answered;
	all->checked += s->checked;
	all->packets_n += s->packets_n;
	all->found += s->found;
	all->kills += s->kills;
	all->stream_ids += s->stream_ids;
	all->disk_failures += s->disk_failures;
	all->torn += s->torn;
	all->swapped += s->swapped;
	all->texts_done += s->texts_done;
	all->configs += s->configs;
}

static uint8_t skipped[1 << 16]; /* steps */

struct trial {
	struct sim_args a;
	int status; /* of the child that failed: it is to fail in the same way */
};

static void run_one(const struct sim_args *a, struct sim *sums)
{
	struct sim *s = running = calloc(1, sizeof *s);
	sim_run(s, a);
	if (sums)
		add(sums, s);
	running = NULL;
	free(s);
}

static int outcome(const struct sim_args *a)
{
	pid_t child = fork();
	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(0);
		run_one(a, NULL);
		_exit(0);
	}
	int status = 0;
	return waitpid(child, &status, 0) == child ? status : 0;
}

static bool fails(const uint8_t *skip, unsigned n, void *arg)
{
	const struct trial *t = arg;
	struct sim_args a = t->a;
	a.skip = skip;
	a.steps = n;
	return outcome(&a) == t->status;
}

/** To be seen again: the steps that are left, as -o takes them. */
static void print_smaller(const struct sim_args *a, unsigned left)
{
	printf("seed %llu fails with %u phones and %u of %u steps; again: sim -s %llu -d %u -p %u -m %u -k %u -o ",
	       (unsigned long long)a->seed, a->phones, left, a->steps, (unsigned long long)a->seed,
	       a->shards, a->phones, a->nodes, a->steps);
	const char *comma = "";
	for (unsigned i = 0; i < a->steps; i++)
		if (!a->skip[i])
			printf("%s%u", comma, i), comma = ",";
	printf("\n");
	fflush(stdout);
}

static void shrink(struct sim_args a)
{
	struct trial t = {.a = a};
	t.status = outcome(&a);
	if (!t.status) {
		printf("seed %llu does not fail in %u steps\n", (unsigned long long)a.seed, a.steps);
		return;
	}
	t.a.steps = shrink_end(a.steps, fails, &t);
	unsigned phones = t.a.phones;
	for (t.a.phones = 2; t.a.phones < phones && !fails(NULL, t.a.steps, &t); t.a.phones++)
		;
	unsigned left = shrink_items(skipped, t.a.steps, fails, &t);
	t.a.skip = skipped;
	print_smaller(&t.a, left);
	t.a.loud = true;
	run_one(&t.a, NULL);
}

/* -- arguments ----------------------------------------------------------------------- */

static int usage(void)
{
	fprintf(stderr, "sim [-s SEED] [-n SEEDS] [-k STEPS] [-H HOURS] [-p PHONES] [-d SHARDS] [-m NODES] "
	                "[-v] [--shrink] [-o STEP,...]\n");
	return 2;
}

/** These steps alone. */
static bool read_only(char *text, struct sim_args *a)
{
	memset(skipped, 1, sizeof skipped);
	for (char *at = strtok(text, ","); at; at = strtok(NULL, ",")) {
		unsigned long i = strtoul(at, NULL, 10);
		if (i >= sizeof skipped)
			return false;
		skipped[i] = 0;
	}
	a->skip = skipped;
	return true;
}

static bool read_args(int argc, char **argv, struct sim_args *a, unsigned *seeds, bool *smaller)
{
	static const struct option names[] = {{"shrink", no_argument, NULL, 'x'}, {0}};
	for (int o; (o = getopt_long(argc, argv, "s:n:k:H:p:d:m:o:vx", names, NULL)) != -1;)
		switch (o) {
		case 's': a->seed = strtoull(optarg, NULL, 10); break;
		case 'n': *seeds = (unsigned)atoi(optarg); break;
		case 'k': a->steps = (unsigned)atoi(optarg); break;
		case 'H': a->until_ms = START_MS + (uint64_t)(atof(optarg) * 3600000); break;
		case 'p': a->phones = (unsigned)atoi(optarg); break;
		case 'd': a->shards = (unsigned)atoi(optarg); break;
		case 'm': a->nodes = (unsigned)atoi(optarg); break;
		case 'v': a->loud = true; break;
		case 'o':
			if (!read_only(optarg, a))
				return false;
			break;
		case 'x': *smaller = true; break;
		default: return false;
		}
	if ((*smaller || a->skip) && (a->until_ms || a->steps > sizeof skipped || (*smaller && a->skip)))
		return false; /* steps are what is left out */
	return a->phones >= 2 && a->phones <= MAX_PHONES && a->shards >= 1 && a->shards <= MAX_SHARDS &&
	       a->nodes >= 1 && a->nodes <= MAX_NODES;
}

static void print_sums(const struct sim *a, unsigned seeds)
{
	typedef unsigned long long ull;
	printf("sim: %u seeds, %llu calls, %llu records (%llu answered, %llu compared with both phones), "
	       "%llu packets, %llu streams, %llu bindings found, %llu swapped, "
	       "%llu texts, %llu configurations, %llu restarts, %llu torn, "
	       "%llu writes to a full disk\n",
	       seeds, (ull)a->calls, (ull)a->records, (ull)a->answered, (ull)a->checked,
	       (ull)a->packets_n, (ull)a->stream_ids, (ull)a->found, (ull)a->swapped,
	       (ull)a->texts_done, (ull)a->configs, (ull)a->kills, (ull)a->torn,
	       (ull)a->disk_failures);
}

int main(int argc, char **argv)
{
	struct sim_args a = {.seed = 1, .steps = 2000, .phones = 18, .nodes = 1};
	unsigned seeds = 1;
	bool smaller = false;
	static struct sim all;
	a.shards = 1;
	if (!read_args(argc, argv, &a, &seeds, &smaller))
		return usage();
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_set_death_callback(on_death);
#endif
	if (smaller) {
		shrink(a);
		return 1;
	}
	for (unsigned i = 0; i < seeds; i++, a.seed++) {
		a.shards = seeds > 1 ? 1 + (unsigned)(a.seed % MAX_SHARDS) : a.shards;
		run_one(&a, &all);
	}
	print_sums(&all, seeds);
	return 0;
}
