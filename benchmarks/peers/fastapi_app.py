"""A FastAPI application over SQLAlchemy's ORM, written as the two projects' documentation does."""

import os
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine(os.environ["DATABASE_URL"], connect_args={"check_same_thread": False})
SessionLocal = sessionmaker(autocommit=False, autoflush=False, bind=engine)


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    price: Mapped[float] = mapped_column(index=True)
    qty: Mapped[int]
    created_at: Mapped[str]
    active: Mapped[bool]
    note: Mapped[str]


class ItemCreate(BaseModel):
    name: str
    email: str
    price: float
    qty: int
    created_at: str
    active: bool
    note: str


class ItemRead(ItemCreate):
    model_config = ConfigDict(from_attributes=True)

    id: int


def get_db() -> Iterator[Session]:
    """Give each request a session."""
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


Database = Annotated[Session, Depends(get_db)]
app = FastAPI()


@app.get("/items/{item_id}", response_model=ItemRead)
def read_item(item_id: int, db: Database) -> Item:
    """Read one item."""
    item = db.get(Item, item_id)
    if item is None:
        raise HTTPException(status_code=404, detail="Item not found")
    return item


@app.get("/items", response_model=list[ItemRead])
def read_items(db: Database, active: bool = True, limit: int = 100) -> list[Item]:  # noqa: FBT001, FBT002 - query parameters
    """List items, dearest first."""
    statement = select(Item).where(Item.active == active).order_by(Item.price.desc()).limit(limit)
    return list(db.scalars(statement))


@app.post("/items", response_model=ItemRead, status_code=201)
def create_item(item: ItemCreate, db: Database) -> Item:
    """Create one item."""
    db_item = Item(**item.model_dump())
    db.add(db_item)
    db.commit()
    db.refresh(db_item)
    return db_item


@app.post("/items/bulk", status_code=201)
def create_items(items: list[ItemCreate], db: Database) -> dict[str, int]:
    """Create many items."""
    db.add_all([Item(**item.model_dump()) for item in items])
    db.commit()
    return {"created": len(items)}
