from pathlib import Path

import pytest

from app.storage.local_disk import NETWORK_FILE_SYSTEMS, file_system_of, require_local_disk


@pytest.fixture
def mounts(tmp_path):
    """A machine with a local root, network mounts below it, and a local disk below one of these."""
    share, spaced, disk = tmp_path / "share", tmp_path / "my share", tmp_path / "share" / "disk"
    for folder in (disk, spaced, tmp_path / "shared"):
        folder.mkdir(parents=True)
    table = tmp_path / "mounts"
    escaped = str(spaced).replace(" ", "\\040")
    table.write_text(
        f"/dev/sda1 / ext4 rw 0 0\nnas:/a {share} nfs4 rw 0 0\n//nas/b {escaped} cifs rw 0 0\n"
        f"/dev/sdb1 {disk} xfs rw 0 0\n"
    )
    return table


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        (".", "ext4"),
        ("share", "nfs4"),
        ("share/db/not/yet/made", "nfs4"),
        ("share/disk/db", "xfs"),
        ("my share/db", "cifs"),
        ("shared/db", "ext4"),
        ("share/../shared", "ext4"),
    ],
)
def test_the_innermost_mount_holds_the_folder(tmp_path, mounts, folder, kind):
    assert file_system_of(tmp_path / folder, mounts) == kind


def test_a_link_is_followed_to_where_it_leads(tmp_path, mounts):
    (tmp_path / "db").symlink_to(tmp_path / "share")
    assert file_system_of(tmp_path / "db", mounts) == "nfs4"


def test_of_two_mounts_at_one_place_the_later_covers_the_earlier(tmp_path, mounts):
    mounts.write_text(mounts.read_text() + "nas:/ / nfs rw 0 0\n")
    assert file_system_of(tmp_path / "shared", mounts) == "nfs"


@pytest.mark.parametrize("kind", sorted(NETWORK_FILE_SYSTEMS))
def test_a_network_file_system_is_refused_with_its_reason(tmp_path, kind):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"nas:/a / {kind} rw 0 0\n")
    with pytest.raises(RuntimeError, match=f"network file system \\({kind}\\).*BOREHOLE_DB_DIR") as refused:
        require_local_disk(tmp_path, mounts)
    assert str(tmp_path) in str(refused.value)


@pytest.mark.parametrize("kind", ["fuse.glusterfs", "fuse.sshfs", "fuse.s3fs", "fuse.rclone"])
def test_network_file_systems_in_user_space_are_among_them(kind):
    assert kind in NETWORK_FILE_SYSTEMS


def test_a_local_disk_is_accepted(tmp_path, mounts):
    require_local_disk(tmp_path, mounts)
    require_local_disk(tmp_path / "share" / "disk", mounts)


def test_a_system_that_does_not_tell_is_trusted(tmp_path):
    nowhere = tmp_path / "there is no such file"
    assert file_system_of(tmp_path, nowhere) is None
    require_local_disk(tmp_path, nowhere)
    empty = tmp_path / "mounts"
    empty.write_text("")
    assert file_system_of(tmp_path, empty) is None


def test_the_disk_these_tests_run_on_is_local(tmp_path):
    assert file_system_of(Path(tmp_path)) not in NETWORK_FILE_SYSTEMS
