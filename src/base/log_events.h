// SPDX-License-Identifier: Apache-2.0
/* The table of log records: X(id, "name", level, "one sentence"). doc/log.md is made from it.
 * No include guard: it is included with different X. */

X(LOG_APP_START, "app.start", LOG_INFO, "The daemon has begun to start.")
X(LOG_APP_READY, "app.ready", LOG_INFO, "The daemon serves.")
X(LOG_APP_STOP, "app.stop", LOG_INFO, "The daemon was asked to end, or has ended.")
X(LOG_APP_ERROR, "app.error", LOG_ERROR, "Something the daemon needs failed.")
X(LOG_CALL_BEGIN, "call.begin", LOG_INFO, "An authenticated INVITE began a call.")
X(LOG_CALL_END, "call.end", LOG_INFO, "A call ended, with the status and the words of its record.")
X(LOG_CALL_ODD, "call.odd", LOG_WARN, "Something in a call could not be done; the call goes on.")
X(LOG_CALL_PEER_TWICE, "call.peer_twice", LOG_WARN, "Two legs on one media port name the same address and port; the later one is not heard.")
X(LOG_REG_NEW, "registration.new", LOG_INFO, "A device registered a contact.")
X(LOG_REG_GONE, "registration.gone", LOG_INFO, "A contact is not registered any more; why says whether it was removed or ran out.")
X(LOG_AUTH_FAILED, "auth.failed", LOG_WARN, "Credentials were wrong, used again, or of nobody.")
X(LOG_CALL_LOST, "call.lost", LOG_WARN, "A call that was up when the switch went down got its record at the restart.")
X(LOG_CALL_UNREADABLE, "call.unreadable", LOG_ERROR, "The stored record of a live call could not be read; the call has no detail record.")
X(LOG_SHARD_FULL, "shard.mailbox_full", LOG_ERROR, "A message to a shard was dropped because its mailbox was full.")

X(LOG_SIP_MALFORMED, "sip.malformed", LOG_DEBUG, "A message was not understood.")
X(LOG_MEDIA_BIND, "media.bind_failed", LOG_WARN, "A media thread could not bind a port, or was told to use one that is not open.")
X(LOG_MEDIA_FULL, "media.full", LOG_WARN, "A media thread has as many streams as it may have.")
X(LOG_MEDIA_FLOW_TAKEN, "media.flow_taken", LOG_WARN, "Another stream hears this address on this port; tried again later.")
X(LOG_MEDIA_CMD_DROPPED, "media.command_dropped", LOG_ERROR, "A media thread's mailbox was full and a command was dropped.")
X(LOG_CONFIG_CHANGED, "config.changed", LOG_INFO, "A tenant has its next version.")

X(LOG_STORE_OPEN, "store.open", LOG_INFO, "The database is open.")
X(LOG_STORE_MIGRATED, "store.migrated", LOG_INFO, "The database was brought to a later schema.")
X(LOG_STORE_ERROR, "store.error", LOG_ERROR, "The database failed in a read or a change of configuration.")
X(LOG_STORE_FAILING, "store.failing", LOG_ERROR, "Live state and call records cannot be written; they are kept and tried again.")
X(LOG_STORE_WORKS, "store.works_again", LOG_WARN, "What could not be written before is written now.")
X(LOG_STORE_LOST, "store.lost", LOG_ERROR, "The store was closed with call records that could not be written.")
X(LOG_STORE_DROPPED, "store.dropped", LOG_WARN, "Writes of live state are dropped: the writer is behind or they are too long.")
X(LOG_STORE_DAMAGED, "store.damaged", LOG_ERROR, "Something in the database cannot be read and is left out.")
