"""A Strawberry application over SQLAlchemy's ORM, written as the two projects' documentation does."""

import os

import strawberry
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker
from strawberry.asgi import GraphQL

engine = create_engine(os.environ["DATABASE_URL"], connect_args={"check_same_thread": False})
SessionLocal = sessionmaker(autocommit=False, autoflush=False, bind=engine)


class Base(DeclarativeBase):
    pass


class ItemModel(Base):
    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    price: Mapped[float] = mapped_column(index=True)
    qty: Mapped[int]
    created_at: Mapped[str]
    active: Mapped[bool]
    note: Mapped[str]


@strawberry.type
class Item:
    """What GraphQL shows of an item."""

    id: int
    name: str
    email: str
    price: float
    qty: int
    created_at: str
    active: bool
    note: str

    @classmethod
    def marshal(cls, model: ItemModel) -> "Item":
        """Make it of what the database has."""
        return cls(
            id=model.id,
            name=model.name,
            email=model.email,
            price=model.price,
            qty=model.qty,
            created_at=model.created_at,
            active=model.active,
            note=model.note,
        )


@strawberry.type
class Query:
    """The two fields that are asked for."""

    @strawberry.field
    def item(self, id: int) -> Item | None:
        """Read one item."""
        with SessionLocal() as db:
            found = db.get(ItemModel, id)
            return Item.marshal(found) if found else None

    @strawberry.field
    def items(self, active: bool = True, limit: int = 100) -> list[Item]:  # noqa: FBT001, FBT002 - arguments of the field
        """List items, dearest first."""
        with SessionLocal() as db:
            statement = (
                select(ItemModel).where(ItemModel.active == active).order_by(ItemModel.price.desc()).limit(limit)
            )
            return [Item.marshal(found) for found in db.scalars(statement)]


schema = strawberry.Schema(query=Query)
app = GraphQL[None, None](schema)
