"""The tests that the step `test` runs, before anybody is asked."""

import unittest

from canary import bucket_of, sees_release

USERS = [f"user-{number}" for number in range(2000)]


class CanaryTest(unittest.TestCase):
    def test_the_same_user_always_lands_in_the_same_bucket(self) -> None:
        self.assertEqual([bucket_of("ada")] * 3, [bucket_of("ada") for _ in range(3)])

    def test_nobody_sees_a_release_at_0_percent_and_everybody_at_100(self) -> None:
        self.assertFalse(any(sees_release(user, 0) for user in USERS))
        self.assertTrue(all(sees_release(user, 100) for user in USERS))

    def test_about_a_tenth_of_the_users_see_a_release_at_10_percent(self) -> None:
        share = sum(sees_release(user, 10) for user in USERS) / len(USERS)
        self.assertAlmostEqual(share, 0.10, delta=0.03)

    def test_raising_the_percentage_takes_the_release_from_nobody(self) -> None:
        before = {user for user in USERS if sees_release(user, 10)}
        after = {user for user in USERS if sees_release(user, 40)}
        self.assertLess(before, after)

    def test_a_percentage_above_100_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            sees_release("ada", 101)


if __name__ == "__main__":
    unittest.main()
