// SPDX-License-Identifier: Apache-2.0
/*
 * The daemon: arguments, then the parts in the order in which they stand on one
 * another, then the control loop until a signal, then all of it backwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/demo.h"
#include "app/docs.h"
#include "app/keyfile.h"
#include "app/settings.h"
#include "app/yaml.h"
#include "base/clock.h"

enum { WHY_MAX = 65536, OUT_MAX = 1 << 20, CONFIG_FILE_MAX = 1 << 20 };

struct arguments {
	const char *data, *config;
	char **set; /* borrowed words of --set */
	size_t n_set;
	bool demo;
};

struct node {
	struct arguments args;
	struct settings settings;
	struct log log;
	struct rng rng;
	struct seal_key seal;
	struct store *store;
	struct config *config;
	struct loop *loop;
	struct shards *shards;
	struct commands commands;
	struct control *control;
	struct ev_io signals;
};

/* -- arguments ----------------------------------------------------------------------- */

static void write_out(struct buf *out)
{
	if (out->n) {
		fwrite(out->p, 1, out->n, stdout);
		mem_wipe(out->p, out->n); /* the demo's passwords */
	}
	fflush(stdout);
	buf_fini(out);
}

static int print_help(void)
{
	struct buf out;
	buf_init(&out, OUT_MAX);
	buf_lit(&out,
	        "Usage: tandemd [--data DIR] [--config FILE] [--set NAME=VALUE]... [--demo]\n\n"
	        "Serves in the foreground until SIGTERM or SIGINT; prints `tandem ready` when it does.\n\n"
	        "  --data DIR          what it keeps; $TANDEM_DATA, or ./data, unless told\n"
	        "  --config FILE       settings, as YAML or JSON\n"
	        "  --set NAME=VALUE    one setting; ranks above the environment and the file\n"
	        "  --demo              on empty data make a tenant with four users; say what to type\n"
	        "  --print-docs NAME   settings, log, metrics, flow-nodes or tenant-file, as Markdown\n"
	        "  --version, --help\n\n"
	        "Settings (in the environment: TANDEM_SIP_LISTEN for sip.listen):\n\n");
	settings_put_help(&out);
	write_out(&out);
	return 0;
}

static int print_docs(const char *name)
{
	struct buf out;
	buf_init(&out, OUT_MAX);
	int err = docs_put(&out, str_z(name));
	if (err)
		fprintf(stderr, "tandemd: there is no document %s\n", name);
	write_out(&out);
	return err ? EXIT_USAGE : EXIT_OK;
}

/* What an option wants behind it, as `--data DIR` or `--data=DIR`; NULL when it is another one. */
static const char *option_value(const char *name, int argc, char **argv, int *at)
{
	size_t n = strlen(name);
	if (strncmp(argv[*at], name, n) != 0)
		return NULL;
	if (argv[*at][n] == '=')
		return argv[*at] + n + 1;
	if (argv[*at][n] != 0)
		return NULL;
	if (*at + 1 < argc)
		return argv[++*at];
	fprintf(stderr, "tandemd: %s wants something behind it\n", name);
	exit(EXIT_USAGE);
}

static void parse_arguments(struct arguments *a, int argc, char **argv)
{
	const char *data = getenv("TANDEM_DATA"), *v;
	*a = (struct arguments){.data = data && *data ? data : "data",
	                        .set = calloc((size_t)argc + 1, sizeof *a->set)};
	if (!a->set)
		abort();
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			exit(print_help());
		} else if (strcmp(argv[i], "--version") == 0) {
			puts("tandemd " TANDEM_VERSION);
			exit(EXIT_OK);
		} else if (strcmp(argv[i], "--demo") == 0) {
			a->demo = true;
		} else if ((v = option_value("--print-docs", argc, argv, &i))) {
			exit(print_docs(v));
		} else if ((v = option_value("--data", argc, argv, &i))) {
			a->data = v;
		} else if ((v = option_value("--config", argc, argv, &i))) {
			a->config = v;
		} else if ((v = option_value("--set", argc, argv, &i))) {
			a->set[a->n_set++] = (char *)(uintptr_t)v;
		} else {
			fprintf(stderr, "tandemd: what is %s? See tandemd --help\n", argv[i]);
			exit(EXIT_USAGE);
		}
	}
}

/* -- settings ------------------------------------------------------------------------ */

static int read_config_file(const char *path, struct buf *out)
{
	char bytes[16384];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		buf_add(out, bytes, (size_t)n);
	int err = n < 0 ? errno : 0;
	close(fd);
	return err || buf_ok(out) ? err : E_LIMIT;
}

static int load_config_file(struct node *n, struct buf *why)
{
	struct buf text;
	json_t *value = NULL;
	const char *path = n->args.config;
	buf_init(&text, CONFIG_FILE_MAX);
	buf_printf(why, "%s: ", path);
	int err = read_config_file(path, &text);
	if (err)
		buf_printf(why, "%s", err_text(err));
	else
		err = yaml_parse(buf_view(&text), CONFIG_FILE_MAX, &value, why);
	if (err == 0)
		err = settings_put_file(&n->settings, value, why);
	json_decref(value);
	buf_fini(&text);
	if (err == 0)
		buf_reset(why);
	return err;
}

static int load_settings(struct node *n, struct buf *why)
{
	settings_init(&n->settings);
	int err = n->args.config ? load_config_file(n, why) : 0;
	if (err == 0)
		err = settings_put_env(&n->settings, environ, why);
	for (size_t i = 0; i < n->args.n_set && err == 0; i++)
		err = settings_put_arg(&n->settings, str_z(n->args.set[i]), why);
	if (err == 0)
		err = settings_settle(&n->settings, settings_have_ipv6(), why);
	return err;
}

/* -- the process --------------------------------------------------------------------- */

static void raise_file_limit(void)
{
	struct rlimit lim;
	if (getrlimit(RLIMIT_NOFILE, &lim) != 0)
		return;
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim); /* what we get is what there is; sockets say when it is not enough */
}

static void on_signal(struct ev_io *io, unsigned events, void *arg)
{
	struct node *n = arg;
	struct signalfd_siginfo info;
	(void)events;
	if (read(io->fd, &info, sizeof info) == sizeof info)
		loop_stop(n->loop);
}

/* Blocked before any thread starts, so that every thread inherits it and the loop alone hears. */
static int take_signals(struct node *n)
{
	sigset_t set;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return errno;
	n->signals = (struct ev_io){.fd = fd, .events = EV_READ, .fn = on_signal, .arg = n};
	return loop_io_add(n->loop, &n->signals);
}

static int make_data_dir(const char *path, struct buf *why)
{
	struct stat st;
	umask(077);
	int err = mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : errno;
	if (err == 0 && (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)))
		err = ENOTDIR;
	if (err)
		buf_printf(why, "the data directory %s: %s", path, err_text(err));
	return err;
}

/* systemd's Type=notify: one datagram to $NOTIFY_SOCKET. */
static void tell_service_manager(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	if (!path || !str_copyz(at.sun_path, sizeof at.sun_path, str_z(path)))
		return;
	socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (at.sun_path[0] == '@')
		at.sun_path[0] = 0;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&at, n);
	close(fd);
}

/* -- start and stop ------------------------------------------------------------------ */

static void publish(const struct directory *d, void *arg)
{
	struct node *n = arg;
	if (n->shards)
		shards_publish(n->shards, d);
}

static int open_data(struct node *n, struct buf *why)
{
	int err = make_data_dir(n->args.data, why);
	if (err == 0)
		err = keyfile_load(n->args.data, &n->rng, &n->seal, why);
	if (err == 0)
		err = store_open(&n->store, n->args.data, &n->log, why);
	if (err)
		return err;
	struct config_args args = {.store = n->store, .seal = &n->seal, .rng = &n->rng,
	                           .log = &n->log, .realm = str_z(n->settings.sip_realm),
	                           .publish = publish, .arg = n};
	err = config_open(&n->config, &args, why);
	if (err == 0 && n->args.demo)
		err = demo_make(n->config, &n->rng, clock_wall_ms(), why);
	return err;
}

static int open_control(struct node *n, struct buf *why)
{
	char path[4096];
	const struct settings *s = &n->settings;
	snprintf(path, sizeof path, "%s/control.sock", n->args.data);
	n->commands = (struct commands){.config = n->config, .shards = n->shards, .store = n->store,
	                                .log = &n->log, .started_ms = clock_wall_ms(),
	                                .wall_ms = clock_wall_ms};
	struct control_args args = {.loop = n->loop, .path = path, .log = &n->log,
	                            .max_clients = s->limit_control_clients,
	                            .max_line = s->limit_file_bytes, .fn = commands_handle,
	                            .arg = &n->commands};
	return control_open(&n->control, &args, why);
}

static int start(struct node *n, struct buf *why)
{
	int err = loop_new(&n->loop);
	if (err == 0)
		err = take_signals(n);
	if (err == 0)
		err = open_data(n, why);
	if (err)
		return err;
	struct shards_args args = {.settings = &n->settings, .control = n->loop, .store = n->store,
	                           .log = &n->log, .directory = config_directory(n->config)};
	err = shards_start(&n->shards, &args, why);
	return err ? err : open_control(n, why);
}

static void serve(struct node *n)
{
	struct buf out;
	buf_init(&out, OUT_MAX);
	if (n->args.demo)
		demo_put_help(&out, n->config, &n->seal, &n->settings);
	buf_lit(&out, "tandem ready\n");
	write_out(&out);
	tell_service_manager("READY=1");
	log_event(&n->log, LOG_APP_READY, LOG_U("tenants", config_tenants(n->config)));
	loop_run(n->loop);
	tell_service_manager("STOPPING=1");
	log_event(&n->log, LOG_APP_STOP, LOG_Z("state", "asked"));
}

/* Whatever start() made, backwards. */
static void stop(struct node *n)
{
	if (n->shards)
		shards_stop(n->shards);
	if (n->control)
		control_close(n->control);
	if (n->config)
		config_free(n->config);
	if (n->store)
		store_close(n->store);
	if (n->signals.fn) {
		loop_io_del(n->loop, &n->signals);
		close(n->signals.fd);
	}
	if (n->loop)
		loop_free(n->loop);
	mem_wipe(&n->seal, sizeof n->seal);
	free(n->args.set);
}

int main(int argc, char **argv)
{
	struct node n = {.shards = NULL};
	struct buf why;
	buf_init(&why, WHY_MAX);
	parse_arguments(&n.args, argc, argv);
	rng_init(&n.rng);
	log_init_fd(&n.log, LOG_INFO, 2);
	raise_file_limit();
	int err = load_settings(&n, &why);
	bool usage = err != 0;
	if (err == 0) {
		n.log.level = n.settings.log_level;
		log_event(&n.log, LOG_APP_START, LOG_Z("version", TANDEM_VERSION),
		          LOG_Z("data", n.args.data));
		err = start(&n, &why);
	}
	if (err)
		fprintf(stderr, "tandemd: " STR_FMT "\n",
		        STR_ARG(why.n ? buf_view(&why) : str_z(err_text(err))));
	else
		serve(&n);
	stop(&n);
	if (!err)
		log_event(&n.log, LOG_APP_STOP, LOG_Z("state", "ended"));
	buf_fini(&why);
	if (err)
		return usage ? EXIT_USAGE : EXIT_REFUSED;
	return EXIT_OK;
}
