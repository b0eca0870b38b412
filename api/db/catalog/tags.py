"""Tags of recipes."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from api.db.catalog import rows
from api.db.catalog.drafts import TagDraft
from api.db.catalog.paging import DEFAULT_PAGE_SIZE, Page
from api.db.catalog.values import as_text, version
from api.db.columns import read_table_columns
from api.db.schema import recipe_tags, tags
from api.db.search_names import keys_of_same_names, same_name, search_key


@dataclass(frozen=True)
class Tag:
    """A tag."""

    id: int
    name: str

    @property
    def version(self) -> str:
        """The entity tag."""
        return version(asdict(self), {})


def list_tags(
    connection: Connection,
    *,
    q: str | None = None,
    cursor: str | None = None,
    limit: int = DEFAULT_PAGE_SIZE,
) -> Page[Tag]:
    """Return a page of tags by name; empty if the database has no tags."""
    available = read_table_columns(connection)
    query = select(tags.c.id, tags.c.name).where(available.public_tag())
    use = None
    if available.has("recipe_tags", "tag_id"):
        use = (
            select(func.count())
            .select_from(recipe_tags)
            .where(recipe_tags.c.tag_id == tags.c.id)
            .scalar_subquery()
        )
    found = rows.read_named(
        connection, available, tags, query, q=q, cursor=cursor, limit=limit, use=use
    )
    return found.map(lambda row: Tag(row.id, as_text(row.name) or ""))


def get_tag(connection: Connection, identifier: int) -> Tag:
    """Return one tag; NotFoundError if there is none."""
    available = read_table_columns(connection)
    if available.has("tags", "name"):
        query = select(tags.c.id, tags.c.name).where(
            tags.c.id == identifier, available.public_tag()
        )
        row = connection.execute(query).one_or_none()
        if row is not None:
            return Tag(row.id, as_text(row.name) or "")
    raise rows.no_such(tags, identifier)


def create_tag(connection: Connection, draft: TagDraft) -> Tag:
    """Add a tag; ConflictError if the name is taken."""
    rows.require_free_name(connection, tags, draft.name)
    made = connection.execute(insert(tags).values(name=draft.name).returning(tags.c.id))
    return Tag(made.scalar_one(), draft.name)


def update_tag(
    connection: Connection,
    identifier: int,
    draft: TagDraft,
    expected: Collection[str] | None = None,
) -> Tag:
    """Rename a tag on every recipe."""
    rows.require_version(get_tag(connection, identifier).version, expected, tags)
    rows.require_free_name(connection, tags, draft.name, exclude_id=identifier)
    connection.execute(update(tags).where(tags.c.id == identifier).values(name=draft.name))
    return Tag(identifier, draft.name)


def delete_tag(
    connection: Connection, identifier: int, expected: Collection[str] | None = None
) -> None:
    """Delete a tag and remove it from every recipe."""
    rows.require_version(get_tag(connection, identifier).version, expected, tags)
    connection.execute(delete(recipe_tags).where(recipe_tags.c.tag_id == identifier))
    connection.execute(delete(tags).where(tags.c.id == identifier))


def ids_of_tags(connection: Connection, names: Sequence[str]) -> list[int]:
    """Return the ids of tags by name in any case, creating missing tags.

    Each id once, in the order of ``names``.
    """
    public = read_table_columns(connection).public_tag()
    found: dict[str, int] = {}
    for name in names:
        key = same_name(name)
        if key in found:
            continue
        known = connection.execute(
            select(tags.c.id, tags.c.name).where(
                tags.c.search_name.in_(keys_of_same_names(name)) | (tags.c.name == name), public
            )
        )
        match = next((number for number, taken in known if same_name(taken) == key), None)
        if match is None:
            # With search_name: the next recipe of an import may have the same tag.
            made = insert(tags).values(name=name, search_name=search_key(name))
            match = connection.execute(made.returning(tags.c.id)).scalar_one()
        found[key] = match
    return list(found.values())
