// SPDX-License-Identifier: Apache-2.0
/* The table of log records: X(id, "name", level, "one sentence"). doc/log.md is made from it.
 * No include guard: it is included with different X. */

X(LOG_APP_START, "app.start", LOG_INFO, "The daemon has begun to start.")
X(LOG_APP_READY, "app.ready", LOG_INFO, "The daemon serves.")
X(LOG_APP_STOP, "app.stop", LOG_INFO, "The daemon was asked to end, or has ended.")
X(LOG_APP_ERROR, "app.error", LOG_ERROR, "Something the daemon needs failed.")
