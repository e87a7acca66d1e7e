"""The guards that leases, exports and rebuilds rest on, and the test that fails without each."""

from __future__ import annotations

from dataclasses import dataclass

TASK_LEASES = "storage/crawling/task_leases.py"
ACCOUNT_LEASES = "storage/crawling/account_leases.py"
CREATORS = "storage/crawling/influencers.py"
PAGES = "crawler/ingestion/page_store.py"
SEGMENTS = "storage/crawling/export_segments.py"
TASKS = "storage/crawling/tasks.py"
LEASING = "storage/leasing.py"
WORKER = "crawler/export/worker.py"
ROW_SOURCES = "crawler/export/row_sources.py"
TRANSACTION = "crawler/export/export_transaction.py"
FILES = "crawler/export/segment_files.py"
FORMATS = "crawler/export/formats/text_files.py"
FENCING = "crawler/export/fencing.py"
FINALIZER = "crawler/export/segment_finalizer.py"
SCHEDULER = "crawler/tasks/scheduler.py"

GUARDS_TESTS = "tests/crawler/test_crawler_guards.py::"
OVERTAKEN = "tests/crawler/test_crawler_overtaken.py::"
NAMES = "tests/crawler/test_crawler_file_names.py::"
ZOMBIES = "tests/crawler/test_crawler_zombies.py::"
CRASH = "tests/crawler/test_crawler_crash.py::"
EXPORT = "tests/crawler/test_crawler_export.py::"
HANDOVER = "tests/crawler/test_crawler_handover.py::"
VERIFY = "tests/crawler/test_crawler_verify.py::"
CLAIMS = "tests/crawler/test_crawler_scheduler.py::"
STORED_LEASES = "tests/storage/test_storage_leasing.py::"


@dataclass(frozen=True)
class Guard:
    """A line that keeps an invariant.

    Args:
        name: what it does.
        file: where it stands.
        text: the line as it stands there, once.
        without: what remains when the guard is removed.
        test: the test that fails then.
        simulated: the simulation of exports finds the damage as well.
    """

    name: str
    file: str
    text: str
    without: str
    test: str
    simulated: bool = False


GUARDS = (
    Guard(
        "a claim repeats the token",
        LEASING,
        "WHERE {self.key}=:id AND lease_token=:token AND ({where})",
        "WHERE id=:id AND ({where})",
        STORED_LEASES + "test_a_row_that_was_claimed_since_it_was_seen_is_not_claimed",
    ),
    Guard(
        "a write repeats the token",
        LEASING,
        '_all_of(f"{self.key}=:id AND lease_token=:token", self.held',
        '_all_of(f"{self.key}=:id", self.held',
        STORED_LEASES + "test_a_write_repeats_the_token_and_what_holds_under_a_lease",
    ),
    Guard(
        "a renewal repeats the token",
        LEASING,
        '(row["lease_owner"], row["lease_token"]) == (owner, tokens[row["id"]])',
        'row["lease_owner"] == owner',
        GUARDS_TESTS + "test_a_lease_is_not_renewed_under_an_older_token",
    ),
    Guard(
        "a renewal repeats the owner",
        LEASING,
        '(row["lease_owner"], row["lease_token"]) == (owner, tokens[row["id"]])',
        'row["lease_token"] == tokens[row["id"]]',
        STORED_LEASES + "test_only_its_holder_renews_a_lease",
    ),
    Guard(
        "the token grows when a lease is reaped",
        LEASING,
        "{_list_of(changes, FREE)}, lease_token=lease_token+1",
        "{_list_of(changes, FREE)}",
        STORED_LEASES + "test_what_ran_out_is_reaped_and_its_holder_changes_nothing_any_more",
    ),
    Guard(
        "a claim repeats that the task may be claimed",
        TASK_LEASES,
        "where=CLAIMABLE[seen.status]",
        'where="1=1"',
        GUARDS_TESTS + "test_a_task_that_was_paused_between_look_and_claim_is_not_claimed",
    ),
    Guard(
        "the token on advance",
        TASK_LEASES,
        'token,\n        "progress_marker=:marker',
        'current_token(tx, task_id),\n        "progress_marker=:marker',
        ZOMBIES + "test_a_batch_under_a_stale_token_changes_nothing",
        simulated=True,
    ),
    Guard(
        "the token on finish",
        TASK_LEASES,
        'token,\n        "status=:status, open_key=NULL',
        'current_token(tx, task_id),\n        "status=:status, open_key=NULL',
        CLAIMS + "test_an_expired_lease_is_taken_over_and_the_old_holder_can_write_nothing",
        simulated=True,
    ),
    Guard(
        "completion only when nobody joined meanwhile",
        TASK_LEASES,
        "WHERE id=:id AND joins=:joins",
        "WHERE id=:id",
        OVERTAKEN + "test_an_export_that_was_joined_does_not_complete_without_the_joiners_rows",
        simulated=True,
    ),
    Guard(
        "a join is counted",
        TASKS,
        "UPDATE tasks SET joins=joins+1",
        "UPDATE tasks SET joins=joins",
        OVERTAKEN + "test_an_export_that_was_joined_does_not_complete_without_the_joiners_rows",
        simulated=True,
    ),
    Guard(
        "joins are read before the last look",
        WORKER,
        "joins = self.scheduler.joins(run.task)",
        "joins = None",
        OVERTAKEN + "test_an_export_that_was_joined_does_not_complete_without_the_joiners_rows",
        simulated=True,
    ),
    Guard(
        "a rebuild takes no token from a leased task",
        TASK_LEASES,
        'f" WHERE id=:id AND is_leaf=1 AND {UNLEASED}"',
        '" WHERE id=:id AND is_leaf=1"',
        VERIFY + "test_a_segment_that_is_being_written_is_not_rebuilt",
    ),
    Guard(
        "the token on spend_quota",
        ACCOUNT_LEASES,
        "AND lease_token=:token AND status='exporting'",
        "AND status='exporting'",
        ZOMBIES + "test_a_batch_under_a_stale_token_changes_nothing",
    ),
    Guard(
        "the limit in spend_quota",
        ACCOUNT_LEASES,
        "today_export_count+:n<=daily_export_limit",
        "today_export_count<=daily_export_limit",
        HANDOVER + "test_exports_that_the_operator_counts_in_the_middle_are_respected",
        simulated=True,
    ),
    Guard(
        "only rows that wait are exported",
        CREATORS,
        "WHERE id {which} AND status='pending_export'",
        "WHERE id {which}",
        GUARDS_TESTS + "test_a_row_of_another_segment_is_not_moved",
    ),
    Guard(
        "all rows of a batch were marked",
        TRANSACTION,
        "segment_id, now) != len(\n            rows\n        ):",
        "segment_id, now) < 0:",
        EXPORT + "test_rows_that_another_node_exported_meanwhile_are_not_counted",
    ),
    Guard(
        "creators are stored in key order",
        PAGES,
        "sorted(profiles, key=lambda profile: profile.uid)",
        "profiles",
        GUARDS_TESTS + "test_creators_are_stored_in_key_order",
    ),
    Guard(
        "only an open segment is sealed",
        SEGMENTS,
        "which = \"state='open'\" if",
        'which = "1=1" if',
        GUARDS_TESTS + "test_a_sealed_segment_is_not_sealed_again",
    ),
    Guard(
        "sealing holds the task",
        FINALIZER,
        "return task_leases.lock_in_any_status(tx, task_id, token, now) and export_segments.seal(",
        "return export_segments.seal(",
        GUARDS_TESTS + "test_who_wakes_up_before_sealing_does_not_seal_what_another_renders",
        simulated=True,
    ),
    Guard(
        "the worker asks for the newest token",
        FINALIZER,
        "task_leases.current_token, task.id) != task.lease.token",
        "task_leases.current_token, task.id) < 0",
        OVERTAKEN + "test_who_was_suspended_before_its_part_file_existed_publishes_nothing",
        simulated=True,
    ),
    Guard(
        "a writer asks once its part file exists",
        FILES,
        "            self._fence.require()\n            os.rename",
        "            os.rename",
        GUARDS_TESTS + "test_a_part_file_that_was_opened_too_late_is_not_published",
        simulated=True,
    ),
    Guard(
        "part files of earlier writers are removed",
        FILES,
        "remove_part(stale)",
        "pass",
        ZOMBIES + "test_who_wakes_up_late_changes_nothing",
        simulated=True,
    ),
    Guard(
        "part files of later writers stay",
        FENCING,
        "return task_token <= self.task_token",
        "return True",
        OVERTAKEN + "test_a_writer_outgrows_those_that_came_before_it",
    ),
    Guard(
        "a rebuild asks for the newest rebuild",
        FINALIZER,
        "if export_segments.rebuild_token(tx, segment.id) != rebuild_token:",
        "if export_segments.rebuild_token(tx, segment.id) < 0:",
        OVERTAKEN + "test_a_rebuild_that_began_first_and_renames_last_publishes_nothing",
    ),
    Guard(
        "a rebuild of an open segment asks for the newest token",
        FINALIZER,
        "return task_leases.current_token(tx, segment.task_id) == task_token",
        "return True",
        OVERTAKEN + "test_a_rebuild_that_was_overtaken_publishes_nothing",
    ),
    Guard(
        "each rebuild has part files of its own",
        FENCING,
        'f".r{self.rebuild_token}"',
        '""',
        OVERTAKEN + "test_no_two_writers_share_a_part_file",
    ),
    Guard(
        "a rebuild keeps a file of other content",
        FILES,
        "if measure(self._final)[1] != done.sha256:",
        "if False:",
        VERIFY + "test_a_rebuild_keeps_a_file_whose_content_would_be_another",
    ),
    Guard(
        "a rebuild needs the platform's declaration",
        FINALIZER,
        "and not self.files.is_declared(segment.platform)",
        "and False",
        VERIFY + "test_a_rebuild_needs_the_declaration_of_the_platform",
    ),
    Guard(
        "a finished file of others keeps its name",
        FILES,
        "return path.exists() or any(_parts_of(path))",
        "return any(_parts_of(path))",
        NAMES + "test_a_second_database_in_the_same_folder_takes_other_names",
    ),
    Guard(
        "a part file of another database is left alone",
        FILES,
        "return path.exists() or any(_parts_of(path))",
        "return path.exists()",
        NAMES + "test_a_part_file_of_another_database_is_left_alone",
    ),
    Guard(
        "the name of a file is known to the database",
        SEGMENTS,
        'return row["target_path"] if row else None',
        "return None",
        NAMES + "test_who_takes_over_after_the_rename_replaces_the_own_file",
    ),
    Guard(
        "the file is synced before its rename",
        FORMATS,
        "        self._raw.flush()\n        os.fsync(self._raw.fileno())\n",
        "        self._raw.flush()\n",
        GUARDS_TESTS + "test_a_file_is_on_the_disk_before_it_gets_its_name",
    ),
    Guard(
        "the manifest is synced before its rename",
        FILES,
        "            file.flush()\n            os.fsync(file.fileno())\n",
        "",
        NAMES + "test_manifests_and_new_folders_are_synced_before_they_are_relied_on",
    ),
    Guard(
        "new folders are synced",
        FILES,
        "make_folder(final.parent, self.access)",
        "final.parent.mkdir(parents=True, exist_ok=True)",
        NAMES + "test_manifests_and_new_folders_are_synced_before_they_are_relied_on",
    ),
    Guard(
        "the file is renamed before its manifest",
        FILES,
        "            os.rename(self._part, self._final)\n"
        "            os.rename(manifest, manifest_path(self._final))\n",
        "            os.rename(manifest, manifest_path(self._final))\n"
        "            os.rename(self._part, self._final)\n",
        GUARDS_TESTS + "test_a_manifest_never_stands_without_its_file",
        simulated=True,
    ),
    Guard(
        "the last look before completion",
        WORKER,
        "if self.row_waiter.has_rows(run, is_last_look=True):",
        "if False:",
        GUARDS_TESTS + "test_a_row_that_commits_as_the_crawl_ends_is_exported",
        simulated=True,
    ),
    Guard(
        "the sweep from 0",
        ROW_SOURCES,
        "return tuple(dict.fromkeys((marker, 0)))",
        "return (marker,)",
        EXPORT + "test_rows_with_lower_ids_that_come_late_are_exported_before_completion",
        simulated=True,
    ),
    Guard(
        "the day's turn ends the segment",
        WORKER,
        "if self.calendar.day(self.clock.now()) != day:",
        "if False:",
        HANDOVER + "test_the_day_turns_between_two_batches",
    ),
    Guard(
        "segments that were left open are sealed first",
        WORKER,
        "        self.finalizer.finalize_leftovers(run.task)\n",
        "",
        CRASH + "test_a_death_between_commit_and_append_loses_no_row",
        simulated=True,
    ),
    Guard(
        "orphans of other domains are left alone",
        FINALIZER,
        "if (segment.platform, segment.domain) != (platform, domain):",
        "if False:",
        GUARDS_TESTS + "test_an_export_leaves_segments_of_other_domains_alone",
    ),
    Guard(
        "an orphan whose folder is gone stops nobody",
        FINALIZER,
        "            except OutputError as error:\n"
        '                log.warning("%s left open: %s", fields(segment=segment.id), error)\n',
        "",
        NAMES + "test_a_folder_that_is_gone_does_not_stop_the_next_export",
    ),
    Guard(
        "a lost answer to COMMIT is not replayed",
        "storage/engines/transactions.py",
        "        return repeatable\n",
        "        return True\n",
        CRASH + "test_a_lost_answer_to_commit_is_never_guessed_at",
        simulated=True,
    ),
    Guard(
        "a run of a job is ended by its holder only",
        "storage/crawling/job_runs.py",
        "return JOB_RUNS.give_back(\n        tx,\n        run_id,\n        token,\n"
        '        "state=:state',
        "return JOB_RUNS.give_back(\n        tx,\n        run_id,\n"
        '        tx.number("SELECT lease_token FROM job_runs WHERE id=:id", id=run_id),\n'
        '        "state=:state',
        GUARDS_TESTS + "test_a_run_that_another_process_took_over_is_not_ended_by_the_first",
    ),
)
