//! The list of the conformance tests.

/// Makes a `#[test]` of each function.
#[doc(hidden)]
#[macro_export]
macro_rules! tests {
    (on $Runtime:ty, over $Backend:ty: $($group:ident: $($name:ident)+;)+) => { $($(
        #[test]
        fn $name() {
            let test = $crate::$group::$name::<$Runtime, $Backend>();
            $crate::runtime::run::<$Runtime>(stringify!($name), test);
        }
    )+)+ };
    (into $suite:ident, on $Runtime:ty, over $Backend:ty: $($group:ident: $($name:ident)+;)+) => { $($(
        $suite = $suite.test(stringify!($name), |servers| {
            <$Backend>::prepare(servers);
            let test = $crate::$group::$name::<$Runtime, $Backend>();
            $crate::runtime::run::<$Runtime>(stringify!($name), test);
        });
    )+)+ };
    (on $Runtime:ty: $($group:ident: $($name:ident)+;)+) => { $($(
        #[test]
        fn $name() {
            $crate::runtime::run::<$Runtime>(stringify!($name), $crate::$group::$name::<$Runtime>());
        }
    )+)+ };
    (by hand: $($group:ident: $($name:ident)+;)+) => { $($(
        #[test]
        fn $name() {
            $crate::runtime::run_by_hand(stringify!($name), $crate::$group::$name);
        }
    )+)+ };
    (by hand, into $Channel:ty: $($group:ident: $($name:ident)+;)+) => { $($(
        #[test]
        fn $name() {
            $crate::runtime::run_by_hand(stringify!($name), $crate::$group::$name::<$Channel>);
        }
    )+)+ };
}

/// Makes the tests for any backend and, if that is [`Memory`](crate::runtime::Memory), those for memory, on a runtime.
///
/// ```
/// use event_tests::{runtime::Memory, threads::Threads};
///
/// event_tests::conformance!(Threads, Memory);
/// # fn main() {}
/// ```
///
/// A test binary for another backend is `any_backend!(SomeRuntime, SomeBackend)`.
#[macro_export]
macro_rules! conformance {
    ($Runtime:ty, Memory) => {
        $crate::any_backend!($Runtime, $crate::runtime::Memory);
        $crate::memory!($Runtime);
    };
}

/// Makes the tests for any backend, on a runtime. With `into suite, ` before that, it adds them to a variable of that name
/// which has a method `test` instead, for a harness of its own; what that passes to a test is given to the backend's
/// `prepare` first.
#[macro_export]
macro_rules! any_backend {
    (into $suite:ident, $Runtime:ty, $Backend:ty) => {
        $crate::any_backend! { @ into $suite, on $Runtime, over $Backend }
    };
    (@ $($how:tt)+) => {
        $crate::tests! { $($how)+:
            values:
                v3_get_waits_until_there_is_data_even_if_that_is_the_default
                v5_set_stores_the_data_though_nobody_watches;
            watchers:
                w1_the_first_get_gives_the_data_present
                w1_gets_give_ever_newer_data_and_the_last_arrives_everywhere
                w1_what_one_watcher_got_is_still_new_to_another
                w3_one_get_at_a_time_is_all_that_compiles
                w4_a_watcher_can_be_moved_between_tasks
                w4_a_boxed_watcher_can_be_moved_and_used_like_any_other;
            waiting:
                w2_no_wake_up_is_lost_between_two_tasks
                w5_a_dropped_get_consumes_nothing;
            options:
                w7_what_a_filter_rejects_is_consumed_and_skipped
                w8_backlog_only_gives_what_is_there_and_then_is_done
                w8_backlog_only_combines_with_filter
                cancellation_wins_over_data
                a_flood_of_sets_cannot_starve_a_cancellation
                until_ends_a_get_that_waits;
            combining:
                w2_no_wake_up_of_any_of_many_is_lost
                w1_a_combination_of_many_begins_without_data_and_arrives_at_the_newest
                w2_the_run_of_the_newest_item_is_always_finished;
        }
    };
    ($Runtime:ty, $Backend:ty) => {
        $crate::any_backend! { @ on $Runtime, over $Backend }
    };
}

/// Makes the tests that are about memory values, on a runtime.
#[macro_export]
macro_rules! memory {
    ($Runtime:ty) => {
        $crate::tests! { on $Runtime:
            values:
                v1_sets_from_many_tasks_get_a_growing_version_each
                v1_updates_from_many_tasks_are_not_lost
                v2_setting_equal_data_still_notifies
                v4_set_never_waits_for_a_borrow
                v6_each_version_is_dropped_once_under_contention;
            watchers:
                w1_a_get_waits_through_a_clear
                w1_references_obey_the_same_rules
                w1_a_stream_gives_what_get_would
                w4_a_watcher_that_waited_in_one_task_can_wait_in_another;
            waiting:
                w2_restless_neighbours_take_no_wake_up_along;
            closing:
                c1_the_last_handle_dropped_ends_every_wait
                c1_what_was_set_before_the_end_arrives
                c3_zero_watchers_is_not_closed;
            panics:
                p1_a_task_that_panics_leaves_the_others_alone;
            reading:
                w2_every_loop_of_changed_and_borrow_and_update_ends_with_the_last_set;
            changing:
                v1_transitions_from_many_tasks_hand_out_each_ticket_once
                v6_what_is_swapped_in_comes_out_once;
            counting:
                c3_a_producer_is_told_when_the_last_of_many_consumers_has_gone;
            caching:
                r1_cached_readers_in_many_tasks_follow_the_value;
            producing:
                w2_what_a_writer_sets_last_arrives_everywhere
                v1_a_value_is_handed_between_handles_and_writers;
            combining:
                w2_a_driver_that_rests_goes_on_for_everyone_who_comes
                a_value_that_is_never_quiet_is_heard_through_a_limit;
        }
    };
}

/// Makes the tests that poll by hand.
#[macro_export]
macro_rules! by_hand {
    () => {
        $crate::tests! { by hand:
            values:
                v1_set_works_through_a_shared_reference_from_any_thread
                v2_set_if_not_eq_does_not_notify_of_equal_data
                v3_no_data_and_the_default_never_look_alike
                v4_set_never_waits_for_a_reader_in_the_middle_of_reading
                v6_old_data_is_dropped_by_the_set_that_replaces_it
                v6_old_data_is_dropped_as_soon_as_its_last_reader_lets_go
                v6_the_newest_data_is_dropped_with_whoever_could_still_read_it;
            watchers:
                w1_what_came_and_went_between_two_gets_is_skipped
                w1_only_a_get_or_a_mark_moves_the_cursor
                w4_a_clone_takes_the_cursor_along
                w4_a_clone_of_a_waiting_watcher_waits_for_itself;
            waiting:
                w2_whoever_waits_is_woken_whatever_came_before
                w2_a_set_in_the_midst_of_a_poll_is_not_overlooked
                w2_a_watcher_that_waits_again_during_a_wake_is_woken_by_the_next_set
                w2_a_set_that_interrupts_another_one_wakes_everyone_itself
                w2_a_waker_is_kept_until_it_has_woken_though_the_watcher_has_another_one_by_then
                w5_a_get_that_was_woken_and_then_dropped_consumed_nothing
                w5_a_thousand_cancelled_waits_leave_at_most_one_waker
                w6_dropping_a_watcher_gives_its_place_and_its_waker_up_at_once
                w6_a_watcher_can_be_dropped_while_it_is_being_woken;
            options:
                w7_a_filter_is_asked_about_each_version_once
                w7_a_filter_runs_on_a_borrow_before_any_clone
                w8_backlog_only_never_waits_on_memory_values
                a_filter_that_is_flooded_gives_its_task_a_chance_to_be_cancelled
                a_get_can_be_polled_again_after_it_was_ready;
            closing:
                c1_each_watcher_gets_the_newest_unseen_data_once_and_then_closed
                c1_a_value_that_no_one_ever_set_goes_to_closed_directly
                c1_a_value_that_was_cleared_goes_to_closed_directly
                c1_a_filter_may_reject_the_last_data
                c1_only_handles_that_can_set_keep_a_value_open
                c3_producers_can_wait_for_watchers_and_give_up
                c2_set_after_close_changes_nothing_and_hands_the_data_back;
            panics:
                p1_a_panic_in_clone_during_a_get_consumes_nothing
                p1_a_panic_in_clone_elsewhere_harms_nothing
                p1_a_panic_in_drop_leaves_the_new_data_in_force
                p1_a_panic_in_drop_when_a_reader_lets_go_harms_nothing
                p1_a_panic_in_a_predicate_consumes_nothing
                p1_a_panic_in_an_update_or_a_comparison_sets_nothing
                p1_a_waker_that_panics_keeps_nobody_from_being_woken
                p1_a_waker_that_panics_does_not_keep_a_value_open
                p1_several_wakers_may_panic_in_one_set
                p1_a_panic_in_a_wakers_clone_or_drop_leaves_the_watcher_usable
                p1_a_panic_in_a_wakers_drop_does_not_keep_a_watcher_alive;
            reading:
                w1_borrow_and_update_marks_what_it_returns
                w1_borrow_and_update_counts_what_was_missed
                w1_try_get_ref_obeys_the_rules_of_try_get
                w1_changed_is_ready_with_what_is_unseen_and_marks_it
                w1_changed_can_be_polled_again_after_it_was_ready
                w2_what_is_set_between_reading_and_marking_is_not_lost
                v4_set_never_waits_for_what_borrow_and_update_returned
                w5_a_changed_that_was_dropped_marked_nothing
                a_watcher_can_be_asked_about_its_value
                p1_a_panic_of_a_waker_in_changed_marks_nothing;
            changing:
                v1_a_transition_reads_sets_and_returns_in_one_step
                v2_a_transition_that_sets_nothing_notifies_nobody
                c2_a_transition_of_a_closed_value_sets_nothing
                v1_update_or_initialises_or_modifies_in_one_step
                v6_swap_returns_what_it_replaced_without_a_clone
                p1_a_waker_that_panics_in_a_swap_leaks_nothing
                p1_a_panic_in_a_later_run_of_a_transition_leaks_nothing;
            borrowing:
                v6_a_part_keeps_its_version_until_it_goes
                p1_a_panic_while_a_part_is_chosen_lets_go_of_the_data
                v6_snapshots_share_their_data
                v6_data_is_moved_out_only_if_nobody_else_can_read_it
                guards_print_their_data
                data_of_one_thread_can_be_borrowed_and_kept
                v6_two_threads_do_not_move_the_same_data_out;
            states:
                v3_a_state_always_holds_data
                v2_every_change_of_a_state_is_news
                v2_a_state_that_stays_is_no_news
                c2_a_closed_state_cannot_be_changed
                v6_a_state_that_is_replaced_comes_out
                a_state_is_a_value_like_any_other
                p1_a_panic_leaves_a_state_usable
                v1_a_state_can_be_changed_and_read_by_any_thread;
            caching:
                r1_a_cached_read_returns_what_is_current
                r1_what_was_read_stays_until_the_next_look
                v6_a_cached_reader_keeps_one_version_until_it_looks
                c3_a_cached_reader_is_neither_a_watcher_nor_a_handle
                r1_a_thousand_sets_between_two_looks_are_noticed
                p1_a_panic_in_drop_leaves_a_cached_reader_usable
                p1_a_waker_that_panics_when_a_cached_reader_goes_harms_nothing;
            producing:
                v1_there_is_one_producer_at_a_time
                v3_a_writer_begins_without_data
                v2_every_change_of_a_writer_is_news
                v2_a_writer_that_leaves_the_data_notifies_nobody
                v4_a_writer_never_waits_for_a_borrow
                v6_a_writer_uses_no_slot_twice
                v1_a_writer_in_sync_mode_leaves_nobody_waiting
                v6_what_a_writer_replaces_is_dropped_or_comes_out
                c1_a_writer_that_goes_closes_the_value
                c2_a_closed_writer_sets_nothing
                c3_a_writer_knows_whether_anybody_is_left
                a_writer_can_be_watched_like_a_value
                p1_a_panic_leaves_a_writer_usable
                p1_a_panic_in_drop_or_clone_leaves_a_writer_usable;
            counting:
                c3_handles_readers_and_watchers_are_counted
                handles_of_every_kind_know_whether_they_are_of_one_value
                c3_a_producer_can_wait_for_the_last_reader_to_go
                c3_a_producer_can_wait_until_nobody_else_is_left
                c1_readers_and_watchers_can_wait_for_the_end
                p1_a_waker_that_panics_when_the_last_one_goes_harms_nothing;
        }
    };
}

/// Makes the tests of pipes into a [`Channel`](crate::pipes::Channel), which poll by hand.
#[macro_export]
macro_rules! pipes {
    ($Channel:ty) => {
        $crate::tests! { by hand, into $Channel:
            pipes:
                the_present_data_and_everything_newer_is_forwarded
                a_value_without_data_is_waited_for
                while_the_channel_is_full_anything_newer_replaces_what_was_about_to_be_sent
                what_is_not_replaced_is_sent_when_there_is_a_place
                of_several_values_none_replaces_what_was_about_to_be_sent_of_another
                what_is_replaced_is_dropped_at_once
                what_a_filter_rejects_replaces_nothing
                of_several_filters_all_have_to_accept
                cancelling_ends_a_pipe_that_waits_for_data
                cancelling_ends_a_pipe_whose_channel_is_full
                cancellation_comes_before_data
                closing_the_value_ends_a_pipe_once_the_newest_data_is_in_the_channel
                a_value_inside_a_pipe_is_kept_open
                closing_the_channel_ends_a_pipe_that_has_nothing_to_send
                closing_the_channel_ends_a_pipe_that_waits_for_a_place
                a_channel_that_is_closed_ends_a_run_before_it_has_data
                a_channel_that_is_closed_just_before_an_item_is_sent_ends_the_run
                a_channel_stays_open_for_others_and_all_its_places_are_free_after_a_run
                each_run_begins_with_the_present_data
                a_run_that_was_dropped_with_an_unsent_item_loses_nothing
                a_run_that_moves_to_another_task_is_woken_there
                two_pipes_share_a_channel_with_one_place
                backlog_only_sends_what_is_there_and_ends
                backlog_only_of_nothing_ends_at_once
                a_failing_backend_ends_a_pipe_after_what_it_gave
                a_pipe_can_be_run_again_after_its_filter_panicked
                beside_a_thread_that_sets_only_newer_data_comes_and_the_last;
        }
    };
}

/// A function that nobody lists would never run.
/// Makes the tests of maps, on a runtime: those for any backend and, if that is
/// [`MemoryMaps`](crate::map_changes::MemoryMaps), those for memory.
///
/// ```
/// use event_tests::threads::Threads;
///
/// event_tests::maps!(Threads, MemoryMaps);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! maps {
    ($Runtime:ty, MemoryMaps) => {
        $crate::any_map! { $Runtime, $crate::map_changes::MemoryMaps }
        $crate::tests! { on $Runtime:
            map_threads:
                m1_m2_every_watcher_ends_with_the_map_and_every_snapshot_is_whole
                m2_changes_of_several_writers_are_all_in_the_map
                w2_watchers_of_single_keys_miss_nothing;
        }
    };
}

/// Makes the tests of maps for any backend, on a runtime. `into suite, ` before that is as for [`any_backend!`].
#[macro_export]
macro_rules! any_map {
    (into $suite:ident, $Runtime:ty, $Backend:ty) => {
        $crate::any_map! { @list (into $suite, on $Runtime, over $Backend) }
    };
    ($Runtime:ty, $Backend:ty) => {
        $crate::any_map! { @list (on $Runtime, over $Backend) }
    };
    (@list ($($how:tt)*)) => {
        $crate::tests! { $($how)*:
            map_changes:
                m_the_list_comes_first_in_the_order_of_keys
                m_keys_come_in_the_order_in_which_they_first_changed
                m_keys_that_always_change_keep_no_other_waiting
                m1_a_removal_is_told_to_those_who_were_told_of_the_key
                m1_a_key_that_was_removed_and_inserted_again_is_told_once
                m1_whoever_holds_an_item_back_loses_no_key
                w1_snapshots_are_the_newest_states
                w2_no_wake_up_of_a_map_is_lost_between_two_tasks
                w5_a_cancelled_get_of_a_map_consumes_nothing;
        }
    };
}

/// Makes the tests of maps that poll by hand.
#[macro_export]
macro_rules! maps_by_hand {
    () => {
        $crate::tests! { by hand:
            map_by_hand:
                v2_setting_equal_data_notifies_unless_it_is_asked_for
                m2_a_transaction_is_one_publication
                m2_replace_all_tells_only_differences
                m1_what_is_remembered_goes_when_nobody_is_behind
                m1_keys_that_a_slow_watcher_never_saw_are_not_remembered
                c1_each_watcher_of_a_map_gets_the_rest_and_then_closed
                c1_a_map_is_closed_by_its_last_handle
                c2_changes_after_close_change_nothing_and_hand_the_data_back
                v6_data_is_dropped_as_soon_as_it_is_replaced_and_nobody_reads_it
                closures_may_use_the_map
                closures_run_again_if_another_change_came_first
                debug_asks_keys_and_data_for_nothing
                ranges_are_what_std_takes_them_for;
            map_waking:
                w2_wake_ups_come_after_the_publication
                w2_a_change_in_the_midst_of_a_poll_is_not_overlooked
                w2_changes_of_a_key_wake_nobody_who_watches_another
                w2_a_bell_that_was_taken_out_is_registered_again
                w2_a_bell_that_is_taken_out_under_a_watcher_is_no_reason_to_spin
                w5_a_thousand_cancelled_waits_on_a_map_leave_at_most_one_waker
                w6_a_dropped_watcher_of_a_map_leaves_nothing;
            map_panics:
                p1_a_panic_in_user_code_changes_nothing_and_consumes_nothing
                p1_a_waker_that_panics_keeps_nobody_of_a_map_from_being_woken;
        }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_test_of_the_suite_is_listed() {
        let list = include_str!("list.rs");
        let groups = [
            include_str!("values.rs"),
            include_str!("watchers.rs"),
            include_str!("waiting.rs"),
            include_str!("options.rs"),
            include_str!("closing.rs"),
            include_str!("panics.rs"),
            include_str!("reading.rs"),
            include_str!("changing.rs"),
            include_str!("borrowing.rs"),
            include_str!("counting.rs"),
            include_str!("combining.rs"),
            include_str!("states.rs"),
            include_str!("caching.rs"),
            include_str!("producing.rs"),
            include_str!("pipes.rs"),
            include_str!("map_changes.rs"),
            include_str!("map_threads.rs"),
            include_str!("map_by_hand.rs"),
            include_str!("map_waking.rs"),
            include_str!("map_panics.rs"),
        ];
        let lines = groups.iter().flat_map(|group| group.lines());
        let names: Vec<_> = lines
            .filter_map(|line| line.strip_prefix("pub fn ").or(line.strip_prefix("pub async fn ")))
            .filter_map(|line| line.split(['<', '(']).next())
            .collect();
        assert!(names.len() > 50);
        let listed: Vec<_> = list.lines().map(|line| line.trim().trim_end_matches(';')).collect();
        for name in names {
            assert_eq!(listed.iter().filter(|listed| **listed == name).count(), 1, "{name} has to be listed once");
        }
    }
}
