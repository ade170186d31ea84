from pathlib import Path

from comicreader.services.paths import AppPaths


def test_everything_lies_under_the_folder_that_was_named(tmp_path: Path) -> None:
    paths = AppPaths.under(tmp_path)
    for path in (paths.library_file, paths.settings_file, paths.log_file, paths.runs, paths.cache):
        assert path.is_relative_to(tmp_path)


def test_asking_for_paths_makes_no_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    AppPaths.under(home)
    assert AppPaths.default().data.is_relative_to(home)  # where tests have their own data folder
    assert not home.exists()
