// SPDX-License-Identifier: Apache-2.0
/* The kinds of a flow's nodes. Each row group says all that is known of a kind: sentence, fields
 * with limits and defaults, exits. Validation, the compiled flow, the checker and doc/flow-nodes.md
 * are made from it; what a node does is in src/route/node_NAME.c, which is all that a new kind
 * needs beside its rows here.
 * No include guard: it is included with different macros.
 *
 * NODE_KIND(ID, name, "sentence")
 * NODE_FIELD(ID, FIELD, "name", TYPE, flags, min, max, "default as JSON" or NULL, of, "sentence")
 *   TYPE      written as                                   min, max           of
 *   TEXT      characters; ${name} is a variable's value    characters         -
 *   NAME      name of a variable (a-z, 0-9, _)             characters         -
 *   DIGITS    of 0-9 * #                                   characters         -
 *   NUMBER    a whole number                               of the number      -
 *   BOOL      true or false                                -                  -
 *   WORD      one of                                       -                  words
 *   REF       name of an object                            -                  kind's name
 *   TARGET    "user:1001", "flow:main", ...                -                  -
 *   ITEMS     what is played                               entries            -
 *   MEMBERS   who rings                                    entries            -
 *   CASES     conditions with an exit each                 entries            -
 *   ANSWERS   words, each of which is an exit              entries            -
 *   NAMES     names of variables                           entries            -
 * NODE_EXIT(ID, EXIT, "name", flags, "sentence")
 */

NODE_KIND(PLAY, play, "Plays prompts, one after the other.")
NODE_FIELD(PLAY, ITEMS, "items", ITEMS, NODE_REQUIRED, 1, 16, NULL, NULL, "What is played.")
NODE_FIELD(PLAY, BARGE_IN, "barge_in", BOOL, 0, 0, 0, "false", NULL, "A key ends it early.")
NODE_EXIT(PLAY, NEXT, "next", NODE_REQUIRED, "It was played.")

NODE_KIND(SAY, say, "Says a text, or a value by the grammar of the language.")
NODE_FIELD(SAY, TEXT, "text", TEXT, NODE_REQUIRED, 1, 400, NULL, NULL, "What is said.")
NODE_FIELD(SAY, AS, "as", WORD, 0, 0, 0, "\"text\"", say_words,
           "How the text is read: as speech, or as a number, digits, a time, a date, a duration.")
NODE_EXIT(SAY, NEXT, "next", NODE_REQUIRED, "It was said.")

NODE_KIND(MENU, menu, "Asks the caller to press a key, and follows it.")
NODE_FIELD(MENU, ITEMS, "items", ITEMS, NODE_PROMPT, 1, 16, NULL, NULL, "What the caller hears; a key ends it.")
NODE_FIELD(MENU, TIMEOUT_ITEMS, "timeout_items", ITEMS, 0, 1, 16, NULL, NULL, "Played before the next try, when no key came.")
NODE_FIELD(MENU, INVALID_ITEMS, "invalid_items", ITEMS, 0, 1, 16, NULL, NULL, "Played before the next try, when the key leads nowhere.")
NODE_FIELD(MENU, RETRIES, "retries", NUMBER, 0, 0, 9, "2", NULL, "How often it is asked again.")
NODE_FIELD(MENU, TIMEOUT_S, "timeout_s", NUMBER, 0, 1, 60, "5", NULL, "How long it waits for the first key.")
NODE_FIELD(MENU, BETWEEN_S, "between_s", NUMBER, 0, 1, 20, "3", NULL, "How long it waits for a further key, where one may follow.")
NODE_FIELD(MENU, DIAL, "dial", BOOL, 0, 0, 0, "false", NULL, "The caller may dial an extension instead.")
NODE_EXIT(MENU, D1, "1", NODE_INPUT, "The key 1.")
NODE_EXIT(MENU, D2, "2", NODE_INPUT, "The key 2.")
NODE_EXIT(MENU, D3, "3", NODE_INPUT, "The key 3.")
NODE_EXIT(MENU, D4, "4", NODE_INPUT, "The key 4.")
NODE_EXIT(MENU, D5, "5", NODE_INPUT, "The key 5.")
NODE_EXIT(MENU, D6, "6", NODE_INPUT, "The key 6.")
NODE_EXIT(MENU, D7, "7", NODE_INPUT, "The key 7.")
NODE_EXIT(MENU, D8, "8", NODE_INPUT, "The key 8.")
NODE_EXIT(MENU, D9, "9", NODE_INPUT, "The key 9.")
NODE_EXIT(MENU, D0, "0", NODE_INPUT, "The key 0.")
NODE_EXIT(MENU, STAR, "*", NODE_INPUT, "The key *.")
NODE_EXIT(MENU, HASH, "#", NODE_INPUT, "The key #.")
NODE_EXIT(MENU, TIMEOUT, "timeout", NODE_REQUIRED, "No key came, as often as it was asked.")
NODE_EXIT(MENU, INVALID, "invalid", 0, "Only keys that lead nowhere came. Left out: timeout.")

NODE_KIND(COLLECT, collect, "Asks the caller for digits and keeps them in a variable.")
NODE_FIELD(COLLECT, ITEMS, "items", ITEMS, NODE_PROMPT, 1, 16, NULL, NULL, "What the caller hears; a key ends it.")
NODE_FIELD(COLLECT, VARIABLE, "variable", NAME, NODE_REQUIRED, 1, 32, NULL, NULL, "Where the digits are kept.")
NODE_FIELD(COLLECT, MIN, "min", NUMBER, 0, 1, 32, "1", NULL, "The fewest digits.")
NODE_FIELD(COLLECT, MAX, "max", NUMBER, 0, 1, 32, "32", NULL, "The most digits; no key is waited for after them.")
NODE_FIELD(COLLECT, END, "end", DIGITS, 0, 0, 4, "\"#\"", NULL, "Keys that end the input and do not belong to it.")
NODE_FIELD(COLLECT, RETRIES, "retries", NUMBER, 0, 0, 9, "2", NULL, "How often it is asked again.")
NODE_FIELD(COLLECT, TIMEOUT_S, "timeout_s", NUMBER, 0, 1, 60, "5", NULL, "How long it waits for the first key.")
NODE_FIELD(COLLECT, BETWEEN_S, "between_s", NUMBER, 0, 1, 20, "3", NULL, "How long it waits for each further key.")
NODE_EXIT(COLLECT, NEXT, "next", NODE_REQUIRED | NODE_INPUT, "Enough digits came.")
NODE_EXIT(COLLECT, TIMEOUT, "timeout", NODE_REQUIRED, "No key came, as often as it was asked.")
NODE_EXIT(COLLECT, INVALID, "invalid", 0, "Too few digits came. Left out: timeout.")

NODE_KIND(SCHEDULE, schedule, "Looks whether a schedule is open now.")
NODE_FIELD(SCHEDULE, SCHEDULE, "schedule", REF, NODE_REQUIRED, 0, 0, NULL, "schedule", "Which schedule.")
NODE_EXIT(SCHEDULE, OPEN, "open", NODE_REQUIRED, "It is open.")
NODE_EXIT(SCHEDULE, CLOSED, "closed", NODE_REQUIRED, "It is closed.")

NODE_KIND(BRANCH, branch, "Looks at one thing and takes the exit of the first case that fits.")
NODE_FIELD(BRANCH, ON, "on", WORD, NODE_REQUIRED, 0, 0, NULL, branch_words, "What it looks at.")
NODE_FIELD(BRANCH, VARIABLE, "variable", NAME, 0, 1, 32, NULL, NULL, "Which variable, where it looks at one.")
NODE_FIELD(BRANCH, CASES, "cases", CASES, NODE_REQUIRED, 1, 64, NULL, NULL, "The cases, in the order in which they are tried.")
NODE_EXIT(BRANCH, ELSE, "else", NODE_REQUIRED, "No case fits.")

NODE_KIND(RING, ring, "Rings people.")
NODE_FIELD(RING, GROUP, "group", REF, 0, 0, 0, NULL, "ring_group", "A ring group: its members, strategy and times count where the node says nothing.")
NODE_FIELD(RING, MEMBERS, "members", MEMBERS, 0, 1, 64, NULL, NULL, "Who rings, where it is no group.")
NODE_FIELD(RING, STRATEGY, "strategy", WORD, 0, 0, 0, NULL, strategy_words, "Who rings first. Left out: the group's, or all at once.")
NODE_FIELD(RING, RING_S, "ring_s", NUMBER, 0, 1, 600, NULL, NULL, "How long each stage rings. Left out: the group's, or the installation's.")
NODE_FIELD(RING, SKIP_BUSY, "skip_busy", BOOL, 0, 0, 0, NULL, NULL, "Who is in a call does not ring. Left out: the group's, or no.")
NODE_FIELD(RING, PREFIX, "prefix", TEXT, 0, 1, 32, NULL, NULL, "Stands before the caller's name on the phones that ring.")
NODE_FIELD(RING, ITEMS, "items", ITEMS, 0, 1, 16, NULL, NULL, "What the caller hears before it rings.")
NODE_EXIT(RING, NO_ANSWER, "no_answer", NODE_REQUIRED, "It rang, and nobody answered in time.")
NODE_EXIT(RING, BUSY, "busy", 0, "All are busy, or declined. Left out: no_answer.")
NODE_EXIT(RING, UNAVAILABLE, "unavailable", 0, "Nobody has a phone that could ring. Left out: no_answer.")

NODE_KIND(FORWARD, forward, "Leads the call to an extension, a flow, a number.")
NODE_FIELD(FORWARD, TO, "to", TARGET, 0, 0, 0, NULL, NULL, "Where to.")
NODE_FIELD(FORWARD, NUMBER, "number", TEXT, 0, 1, 64, NULL, NULL, "Or a number as if the caller had dialled it, such as ${digits}.")
NODE_EXIT(FORWARD, BUSY, "busy", 0, "It was busy, or declined. Left out: failed.")
NODE_EXIT(FORWARD, NO_ANSWER, "no_answer", 0, "It rang and nobody answered. Left out: failed.")
NODE_EXIT(FORWARD, UNAVAILABLE, "unavailable", 0, "It could not be reached. Left out: failed.")
NODE_EXIT(FORWARD, FAILED, "failed", 0, "The call came back. Left out: the call ends.")

NODE_KIND(VOICEMAIL, voicemail, "Takes a message for a mailbox, or lets its owner listen.")
NODE_FIELD(VOICEMAIL, MAILBOX, "mailbox", TARGET, NODE_REQUIRED, 0, 0, NULL, NULL, "Whose: \"user:1001\" or \"mailbox:sales\".")
NODE_FIELD(VOICEMAIL, MODE, "mode", WORD, 0, 0, 0, "\"leave\"", voicemail_words, "Leave a message, or listen (with the PIN).")
NODE_FIELD(VOICEMAIL, ITEMS, "items", ITEMS, 0, 1, 16, NULL, NULL, "The greeting. Left out: the mailbox's.")
NODE_FIELD(VOICEMAIL, MAX_S, "max_s", NUMBER, 0, 3, 1800, "180", NULL, "The longest message.")
NODE_EXIT(VOICEMAIL, NEXT, "next", 0, "The message is kept, or the owner is done. Left out: the call ends.")
NODE_EXIT(VOICEMAIL, FAILED, "failed", 0, "Nothing was said, or the mailbox is full. Left out: next.")

NODE_KIND(CONFERENCE, conference, "Lets the caller into a conference.")
NODE_FIELD(CONFERENCE, CONFERENCE, "conference", REF, NODE_REQUIRED, 0, 0, NULL, "conference", "Which one.")
NODE_EXIT(CONFERENCE, NEXT, "next", 0, "It is over. Left out: the call ends.")
NODE_EXIT(CONFERENCE, FAILED, "failed", 0, "It is full, locked, or the PIN was wrong. Left out: next.")

NODE_KIND(DIRECTORY, directory, "Finds people by the letters of their name on the keypad.")
NODE_FIELD(DIRECTORY, ITEMS, "items", ITEMS, NODE_PROMPT, 1, 16, NULL, NULL, "What the caller hears; a key ends it.")
NODE_FIELD(DIRECTORY, BY, "by", WORD, 0, 0, 0, "\"any\"", directory_words, "Which part of the name is spelled.")
NODE_FIELD(DIRECTORY, RETRIES, "retries", NUMBER, 0, 0, 9, "2", NULL, "How often it is asked again.")
NODE_FIELD(DIRECTORY, TIMEOUT_S, "timeout_s", NUMBER, 0, 1, 60, "5", NULL, "How long it waits for the first key.")
NODE_FIELD(DIRECTORY, BETWEEN_S, "between_s", NUMBER, 0, 1, 20, "3", NULL, "How long it waits for each further key.")
NODE_EXIT(DIRECTORY, TIMEOUT, "timeout", NODE_REQUIRED, "No key came, as often as it was asked.")
NODE_EXIT(DIRECTORY, INVALID, "invalid", 0, "Nobody is called so. Left out: timeout.")
NODE_EXIT(DIRECTORY, FAILED, "failed", 0, "Who was found could not be reached. Left out: the call ends.")

NODE_KIND(QUEUE, queue, "Lets the caller wait until somebody of a queue is free.")
NODE_FIELD(QUEUE, QUEUE, "queue", REF, NODE_REQUIRED, 0, 0, NULL, "queue", "Which one.")
NODE_FIELD(QUEUE, WAIT_S, "wait_s", NUMBER, 0, 1, 7200, NULL, NULL, "The longest wait. Left out: the queue's.")
NODE_EXIT(QUEUE, TIMEOUT, "timeout", NODE_REQUIRED, "It took too long.")
NODE_EXIT(QUEUE, LEFT, "left", NODE_INPUT, "The caller left with a key. Left out: timeout.")
NODE_EXIT(QUEUE, UNAVAILABLE, "unavailable", 0, "It is full, or nobody serves it. Left out: timeout.")

NODE_KIND(SET, set, "Sets a variable of the call.")
NODE_FIELD(SET, VARIABLE, "variable", NAME, NODE_REQUIRED, 1, 32, NULL, NULL, "Which one.")
NODE_FIELD(SET, VALUE, "value", TEXT, NODE_REQUIRED, 0, 64, NULL, NULL, "Its value; empty forgets it.")
NODE_EXIT(SET, NEXT, "next", NODE_REQUIRED, "Always.")

NODE_KIND(LANGUAGE, language, "Chooses the language that the caller hears.")
NODE_FIELD(LANGUAGE, LANGUAGE, "language", TEXT, NODE_REQUIRED, 2, 7, NULL, NULL, "Such as en, de or pt-BR; ${name} is a variable's value.")
NODE_EXIT(LANGUAGE, NEXT, "next", NODE_REQUIRED, "Always.")

NODE_KIND(RECORD, record, "Begins or ends the recording of the call.")
NODE_FIELD(RECORD, ON, "on", BOOL, NODE_REQUIRED, 0, 0, NULL, NULL, "Begin, or end.")
NODE_EXIT(RECORD, NEXT, "next", NODE_REQUIRED, "Always.")

NODE_KIND(WEBHOOK, webhook, "Asks a web server, for a bounded time, and follows its answer.")
NODE_FIELD(WEBHOOK, URL, "url", TEXT, NODE_REQUIRED, 8, 200, NULL, NULL, "Where it is asked: https://...")
NODE_FIELD(WEBHOOK, TIMEOUT_S, "timeout_s", NUMBER, 0, 1, 10, "3", NULL, "How long the answer may take.")
NODE_FIELD(WEBHOOK, SEND, "send", NAMES, 0, 1, 8, NULL, NULL, "Variables that are sent beside caller and number.")
NODE_FIELD(WEBHOOK, VARIABLE, "variable", NAME, 0, 1, 32, NULL, NULL, "Where the answer's value is kept.")
NODE_FIELD(WEBHOOK, ANSWERS, "answers", ANSWERS, 0, 1, 16, NULL, NULL, "Answers that have an exit of their own.")
NODE_EXIT(WEBHOOK, NEXT, "next", 0, "It answered, and no exit is called so. Left out: failed.")
NODE_EXIT(WEBHOOK, FAILED, "failed", NODE_REQUIRED, "It did not answer in time, or nothing that could be read.")

NODE_KIND(SUBFLOW, subflow, "Runs another flow, and goes on when that has come to an end.")
NODE_FIELD(SUBFLOW, FLOW, "flow", REF, NODE_REQUIRED, 0, 0, NULL, "flow", "Which one.")
NODE_EXIT(SUBFLOW, NEXT, "next", 0, "It ended without ending the call. Left out: this flow ends too.")

NODE_KIND(HANGUP, hangup, "Ends the call.")
NODE_FIELD(HANGUP, CAUSE, "cause", WORD, 0, 0, 0, "\"normal\"", hangup_words, "What a caller who was not answered yet is told.")
