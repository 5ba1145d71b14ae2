// Package example drives the generated Go client against a server of the shop database, at BASE_URL. The server at
// CUTTING_URL breaks the connection of a request with X-Cut after it was done; KILLING_URL kills the server, and answers
// when it is there again.
package example

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	shop "example/shop_client"
)

const big = 1<<53 + 1

var ctx = context.Background()

func connect(t *testing.T, options shop.Options) *shop.Client {
	t.Helper()
	client := must(shop.Connect(os.Getenv("BASE_URL"), options))(t)
	// One test that fails leaves rows behind, which must not make others fail.
	must(shop.Items.In(client).Delete().EveryRow().Exec(ctx))(t)
	return client
}

// must gives a value without an error: must(call())(t).
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func same(t *testing.T, found, expected any) {
	t.Helper()
	if !reflect.DeepEqual(found, expected) {
		t.Fatalf("found %#v, expected %#v", found, expected)
	}
}

func refused(t *testing.T, err error, kind error, code string) {
	t.Helper()
	var problem *shop.Error
	if !errors.As(err, &problem) || !errors.Is(err, kind) || problem.Code != code {
		t.Fatalf("found %v, expected %s", err, code)
	}
}

func TestCreateReadUpdateDelete(t *testing.T) {
	client := connect(t, shop.Options{})
	items := shop.Items.In(client)
	made := must(items.Insert(shop.ItemsInsert{Id: shop.Set[int64](1), Sku: "a", Stock: shop.Set[int64](3)}).Row(ctx))(t)
	same(t, made.Price, shop.Ptr(shop.Decimal("1.5000")))
	same(t, []any{made.Id, made.Sku, made.Sold, made.Made == nil}, []any{int64(1), "a", false, true})
	same(t, must(items.Update(shop.ItemsUpdate{Stock: shop.Set[int64](4)}).Key(1).Exec(ctx))(t).Status, 204)
	row, _, err := items.Get(ctx, 1)
	same(t, *must(row, err)(t).Stock, int64(4))
	changed := items.Update(shop.ItemsUpdate{Stock: shop.Set[int64](5)}).Where(shop.Eq("sku", "a"))
	same(t, *must(changed.Rows(ctx, "stock"))(t)[0].Stock, int64(5))
	put := must(items.Replace(shop.ItemsInsert{Sku: "b"}, 1).Row(ctx))(t)
	same(t, []any{put.Sku, put.Stock == nil}, []any{"b", true})
	must(items.Delete().Key(1).Exec(ctx))(t)
	_, _, err = items.Get(ctx, 1)
	refused(t, err, shop.ErrNotFound, "not_found")
}

func TestEveryTypeKeepsItsValue(t *testing.T) {
	client := connect(t, shop.Options{})
	items := shop.Items.In(client)
	seen := time.Date(2024, 2, 29, 12, 0, 0, 1000, time.UTC)
	code, price := "6f9619ff-8b86-4011-b42d-00c04fc964ff", shop.Decimal("1234567890123456.7891")
	facts := json.RawMessage(`{"a":[1,9007199254740993,0.1,null,true],"ü":"ß"}`)
	must(items.Insert(shop.ItemsInsert{
		Id: shop.Set[int64](big), Sku: "types", Price: shop.Set(price), Stock: shop.Set[int64](-big),
		Weight: shop.Set(0.1), Sold: shop.Set(true), Made: shop.Set(shop.Date("2024-02-29")), SeenAt: shop.Set(seen),
		Code: shop.Set(code), Facts: shop.Set(facts), Photo: shop.Set([]byte{0, 255}),
	}).Exec(ctx))(t)
	row, _, err := items.Get(ctx, big)
	must(row, err)(t)
	expected := shop.ItemsRow{
		Id: big, Sku: "types", Price: &price, Stock: shop.Ptr[int64](-big), Weight: shop.Ptr(0.1), Sold: true,
		Made: shop.Ptr(shop.Date("2024-02-29")), SeenAt: &seen, Code: &code, Facts: facts, Photo: []byte{0, 255},
	}
	same(t, row, expected)
	found := items.Select("id").Where(shop.Eq("id", int64(big)), shop.Eq("price", price), shop.Eq("seen_at", seen),
		shop.Eq("code", code), shop.Eq("photo", []byte{0, 255}), shop.Eq("weight", 0.1), shop.Eq("sold", true))
	same(t, must(found.Count(ctx))(t), int64(1))
}

func TestNullIsNotAbsent(t *testing.T) {
	client := connect(t, shop.Options{})
	items := shop.Items.In(client)
	must(items.Insert(
		shop.ItemsInsert{Id: shop.Set[int64](1), Sku: "absent"},
		shop.ItemsInsert{Id: shop.Set[int64](2), Sku: "null", Price: shop.Null[shop.Decimal]()},
	).Exec(ctx))(t)
	rows := must(items.Select("price").Order("id", shop.Ascending).All(ctx))(t)
	same(t, []any{*rows[0].Price, rows[1].Price == nil}, []any{shop.Decimal("1.5000"), true})
	must(items.Update(shop.ItemsUpdate{Stock: shop.Null[int64]()}).Key(1).Exec(ctx))(t)
	must(items.Update(shop.ItemsUpdate{Stock: shop.Set[int64](1)}).Key(2).Exec(ctx))(t)
	must(items.Merge(nil,
		shop.ItemsUpdate{Id: shop.Set[int64](1), Price: shop.Null[shop.Decimal]()},
		shop.ItemsUpdate{Id: shop.Set[int64](2), Stock: shop.Null[int64]()},
	).Exec(ctx))(t)
	for _, row := range must(items.Select("price", "stock").All(ctx))(t) {
		same(t, []bool{row.Price == nil, row.Stock == nil}, []bool{true, true})
	}
}

func TestFilters(t *testing.T) {
	client := connect(t, shop.Options{})
	items := shop.Items.In(client)
	facts := shop.Set(json.RawMessage(`{"tags":["red","big"],"n":1}`))
	must(items.Insert(
		shop.ItemsInsert{Id: shop.Set[int64](1), Sku: "one, (1)", Stock: shop.Set[int64](1), Sold: shop.Set(true), Facts: facts},
		shop.ItemsInsert{Id: shop.Set[int64](2), Sku: `two "2"`, Stock: shop.Set[int64](2), Price: shop.Set(shop.Decimal("2.25"))},
		shop.ItemsInsert{Id: shop.Set[int64](3), Sku: `THREE\%`},
	).Exec(ctx))(t)
	tags, first := shop.JSONPath("facts", "tags"), shop.Path("facts", "tags", 0)
	either := shop.AnyOf(shop.Eq("id", 1), shop.Eq("id", 2))
	for _, check := range []struct {
		expected   []int64
		conditions []shop.Condition
	}{
		{[]int64{1}, []shop.Condition{shop.Eq("sku", "one, (1)")}},
		{[]int64{1, 2}, []shop.Condition{shop.In("sku", "one, (1)", `two "2"`)}},
		{[]int64{3}, []shop.Condition{shop.Not(shop.In("id", 1, 2))}},
		{[]int64{2}, []shop.Condition{shop.Neq("stock", 1)}},
		{[]int64{1}, []shop.Condition{shop.Gte("stock", 1), shop.Lt("stock", 2)}},
		{[]int64{2}, []shop.Condition{shop.Lte("price", shop.Decimal("2.25")), shop.Gt("price", 2)}},
		{[]int64{1}, []shop.Condition{shop.Like("sku", "o%")}},
		{[]int64{3}, []shop.Condition{shop.ILike("sku", "three%")}},
		{[]int64{2}, []shop.Condition{shop.Match("sku", "^t")}},
		{[]int64{3}, []shop.Condition{shop.IsNull(shop.ItemsColumn.Stock)}},
		{[]int64{1, 2}, []shop.Condition{shop.NotNull("stock")}},
		{[]int64{1}, []shop.Condition{shop.Contains("facts", map[string]any{"tags": []string{"red"}})}},
		{[]int64{1}, []shop.Condition{shop.Overlaps(tags, []string{"big", "small"})}},
		{[]int64{1}, []shop.Condition{shop.Eq(first, "red")}},
		{[]int64{2, 3}, []shop.Condition{shop.AnyOf(shop.Eq("sku", `two "2"`), shop.AllOf(shop.IsNull("stock")))}},
		{[]int64{3}, []shop.Condition{shop.Not(either)}},
	} {
		found := []int64{}
		for _, row := range must(items.Select("id").Where(check.conditions...).Order("id", shop.Ascending).All(ctx))(t) {
			found = append(found, row.Id)
		}
		same(t, found, check.expected)
	}
	last := must(items.Select("id").Order("stock", shop.DescendingNullsLast).Limit(1).Offset(2).All(ctx))(t)
	same(t, last[0].Id, int64(3))
}

func TestSingleRowsAndCounts(t *testing.T) {
	people := shop.People.In(connect(t, shop.Options{}))
	same(t, must(people.Select("name").Where(shop.Eq("id", 1)).Single(ctx))(t).Name, "Ada")
	if must(people.Select().Where(shop.Eq("id", 9)).MaybeSingle(ctx))(t) != nil {
		t.Fatal("there is none")
	}
	_, err := people.Select().Single(ctx)
	refused(t, err, shop.ErrNotSingular, "not_singular")
	_, err = people.Select().MaybeSingle(ctx)
	same(t, errors.Is(err, shop.ErrNotSingular), true)
	same(t, must(people.Select().Where(shop.Gt("id", 1)).Count(ctx))(t), int64(2))
}

func TestRelatedRows(t *testing.T) {
	client := connect(t, shop.Options{})
	people, items := shop.People.In(client), shop.Items.In(client)
	for number := range 3 {
		must(items.Insert(shop.ItemsInsert{
			Id: shop.Set(int64(number + 1)), Sku: fmt.Sprintf("s%d", number+1), MakerId: shop.Set[int64](2),
			BuyerId: shop.Set[int64](1),
		}).Exec(ctx))(t)
	}
	made := func(made shop.Embed) shop.Embed {
		return made.Select("sku", "price").Where(shop.Gt("id", 1)).Order("id", shop.Descending)
	}
	rows := must(people.Select("name").Embed("items_items_maker", made).Order("id", shop.Ascending).Limit(2).All(ctx))(t)
	same(t, len(rows[0].ItemsItemsMaker), 0)
	same(t, rows[1].ItemsItemsMaker[0].Sku+rows[1].ItemsItemsMaker[1].Sku, "s3s2")
	same(t, *rows[1].ItemsItemsMaker[0].Price, shop.Decimal("1.5000"))
	item := must(items.Select("sku").Embed("items_buyer").Where(shop.Eq("id", 1)).Single(ctx))(t)
	same(t, *item.ItemsBuyer.Born, shop.Date("1815-12-10"))
	staff := func(staff shop.Embed) shop.Embed { return staff.Required().Order("id", shop.Ascending) }
	ada := must(people.Select("name").Embed("people_people_boss", staff).Single(ctx))(t)
	same(t, ada.PeoplePeopleBoss[1].Name, "Zoë")
	if _, err := people.Select().Embed("nothing").All(ctx); err == nil {
		t.Fatal("there is no such relation")
	}
}

func TestManyRowsPageByPage(t *testing.T) {
	client := connect(t, shop.Options{})
	items := shop.Items.In(client)
	rows := make([]shop.ItemsInsert, 250)
	for number := range rows {
		rows[number].Sku = fmt.Sprintf("p%03d", number)
	}
	same(t, must(items.Insert(rows...).Exec(ctx))(t).Status, 201)
	sizes, seen := []int{}, map[string]bool{}
	for page, err := range items.Select("sku").Pages(ctx, 100) {
		sizes = append(sizes, len(must(page, err)(t)))
		for _, row := range page {
			seen[row.Sku] = true
		}
	}
	same(t, sizes, []int{100, 100, 50})
	same(t, len(seen), 250)
	count := 0
	for _, err := range items.Select().Order("sku", shop.Descending).Rows(ctx, 60) {
		must(0, err)(t)
		count++
	}
	for row, err := range items.Select().Stream(ctx) {
		same(t, must(row, err)(t).Sku[:1], "p")
		count++
	}
	same(t, count+len(must(items.Select().All(ctx))(t)), 750)
	_, err := items.Delete().AtMost(10).Where(shop.Like("sku", "p%")).Exec(ctx)
	refused(t, err, shop.ErrBadRequest, "max_affected_exceeded")
	_, err = items.Delete().Exec(ctx)
	refused(t, err, shop.ErrBadRequest, "full_table_write")
}

func TestUpserts(t *testing.T) {
	client := connect(t, shop.Options{})
	items := shop.Items.In(client)
	must(items.Insert(shop.ItemsInsert{Id: shop.Set[int64](1), Sku: "u", Weight: shop.Set(2.5)}).Exec(ctx))(t)
	changed := shop.ItemsInsert{Sku: "u", Stock: shop.Set[int64](2)}
	merged := must(items.Upsert([]shop.Column{"sku"}, changed).Row(ctx, "id", "stock", "weight"))(t)
	same(t, []any{merged.Id, *merged.Stock, *merged.Weight}, []any{int64(1), int64(2), 2.5})
	must(items.InsertMissing(nil, shop.ItemsInsert{Id: shop.Set[int64](1), Sku: "x"}).Exec(ctx))(t)
	_, err := items.Insert(shop.ItemsInsert{Sku: "u"}).Exec(ctx)
	refused(t, err, shop.ErrConflict, "unique_violation")
}

func TestRawSelectionsAndCSV(t *testing.T) {
	client := connect(t, shop.Options{})
	var counts []struct {
		N      int
		Oldest shop.Date
	}
	must(0, shop.People.In(client).Select().Raw(ctx, "n:count(),oldest:born.min()", &counts))(t)
	same(t, fmt.Sprint(counts), "[{3 1815-12-10}]")
	items := shop.Items.In(client)
	must(items.InsertCSV("id,sku,stock\n1,\"a, b\",\n2,c,5\n").Exec(ctx))(t)
	csv := must(items.Select("id", "sku", "stock").Order("id", shop.Ascending).CSV(ctx))(t)
	same(t, csv, "id,sku,stock\r\n1,\"a, b\",\r\n2,c,5\r\n")
}

func TestHostileNames(t *testing.T) {
	client := connect(t, shop.Options{})
	odd, column := shop.GrößeMaße.In(client), shop.GrößeMaßeColumn
	must(odd.Insert(shop.GrößeMaßeInsert{
		FirstName: shop.Set("A"), Order: shop.Set[int64](1), Class: shop.Set("b"), AB: shop.Set("c"), T日本: shop.Set("d"),
		Naïve: shop.Set[int64](2), Q: shop.Set("e"), Not: shop.Set(true), PerCent: shop.Set("f"), Count: shop.Set[int64](big),
	}).Exec(ctx))(t)
	query := odd.Select(column.FirstName, column.Order, column.T日本, column.Q, column.PerCent, column.Count)
	either := shop.AnyOf(shop.Compare(column.Not, "is", "true"), shop.Eq(column.AB, "x"))
	row := must(query.Where(shop.Eq(column.AB, "c"), shop.Eq(column.Q, "e"), shop.In(column.PerCent, "f"), either).
		Order(column.FirstName, shop.Ascending).Single(ctx))(t)
	same(t, []any{*row.FirstName, *row.T日本, *row.Q, *row.PerCent, *row.Count}, []any{"A", "d", "e", "f", int64(big)})
	must(odd.Delete().EveryRow().Exec(ctx))(t)
	must(shop.Items.In(client).Insert(shop.ItemsInsert{Id: shop.Set[int64](7), Sku: "s"}).Exec(ctx))(t)
	parts := shop.Parts.In(client)
	must(parts.Insert(shop.PartsInsert{ItemId: 7, Number: 1, Label: shop.Set("x")}).Exec(ctx))(t)
	part, _, err := parts.Get(ctx, 7, 1)
	same(t, *must(part, err)(t).Label, "x")
	must(parts.Delete().Key(7, 1).Exec(ctx))(t)
}

func TestBranchesAndPastStates(t *testing.T) {
	client := connect(t, shop.Options{})
	must(0, client.CreateTag(ctx, "go.before"))(t)
	same(t, must(client.CreateBranch(ctx, "go.x"))(t).Name, "go.x")
	branch := client.At("go.x")
	name := func(client *shop.Client) string {
		row, _, err := shop.People.In(client).Get(ctx, 1)
		return must(row, err)(t).Name
	}
	rename := func(client *shop.Client, name string) {
		changes := shop.PeopleUpdate{Name: shop.Set(name)}
		must(shop.People.In(client).Update(changes).Key(1).Message("a longer näme").Exec(ctx))(t)
	}
	rename(branch, "Ada L.")
	same(t, []string{name(client), name(branch)}, []string{"Ada", "Ada L."})
	same(t, must(branch.Commits(ctx, url.Values{"limit": {"1"}}))(t)[0]["message"], any("a longer näme"))
	same(t, must(branch.Diff(ctx, "main", url.Values{"detail": {"cells"}}))(t)[0]["column"], any("name"))
	same(t, must(client.Merge(ctx, "go.x", "merged", false))(t).Tables["people"]["updated"], 1)
	same(t, []string{name(client), name(client.At("go.before"))}, []string{"Ada L.", "Ada"})
	_, err := shop.People.In(client.At("go.before")).Delete().Key(1).Exec(ctx)
	refused(t, err, shop.ErrForbidden, "read_only")
	if len(must(shop.People.In(client).History(ctx, 1))(t)) < 2 {
		t.Fatal("it has changed")
	}
	rename(client, "Ada")
	must(0, client.DeleteBranch(ctx, "go.x"))(t)
	must(0, client.DeleteTag(ctx, "go.before"))(t)
	same(t, len(must(client.Branches(ctx))(t)), 1)
	rows := must(client.SQL(ctx, "SELECT max(id) AS n FROM people WHERE id > ?", 1))(t)
	same(t, rows[0]["n"], any(json.Number("3")))
}

func TestChangesGoOnWhereTheyEnded(t *testing.T) {
	client := connect(t, shop.Options{})
	people := shop.People.In(client)
	must(people.Insert(shop.PeopleInsert{Id: shop.Set[int64](50), Name: "first"}).Exec(ctx))(t)
	var last shop.Change
	for change, err := range client.Changes(ctx, "", 0, "people") {
		last = must(change, err)(t)
	}
	same(t, last.Change+string(last.Key), "insert[50]")
	must(people.Update(shop.PeopleUpdate{Name: shop.Set("second")}).Key(50).Exec(ctx))(t)
	must(people.Delete().Key(50).Exec(ctx))(t)
	found := []string{}
	for change, err := range client.Changes(ctx, last.Offset, 0, "people") {
		found = append(found, must(change, err)(t).Change)
	}
	same(t, found, []string{"update", "delete"})
}

func TestAListenerMissesAndRepeatsNothing(t *testing.T) {
	client := connect(t, shop.Options{Retries: &shop.Retries{Most: 30, FirstPause: 100 * time.Millisecond, LongestPause: 5 * time.Second}})
	since := fmt.Sprint(must(client.Commits(ctx, url.Values{"limit": {"1"}}))(t)[0]["id"])
	items := shop.Items.In(client)
	skus := []string{}
	write := func(first, last int) error {
		for number := first; number < last; number++ {
			rows := []shop.ItemsInsert{{Sku: fmt.Sprintf("n%d", number)}, {Sku: fmt.Sprintf("o%d", number)}}
			if _, err := items.Insert(rows...).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	for number := 0; number < 40; number++ {
		skus = append(skus, fmt.Sprintf("n%d", number), fmt.Sprintf("o%d", number))
	}
	disturb := func() error {
		writes := make(chan error)
		go func() { writes <- write(20, 30) }()
		answer, err := http.Get(os.Getenv("KILLING_URL"))
		if err == nil {
			err = answer.Body.Close()
		}
		return errors.Join(err, <-writes, write(30, 40))
	}
	must(0, write(0, 20))(t)
	found, seqs, others := []string{}, []string{}, make(chan error, 1)
	for change, err := range client.Listen(ctx, since, "items") {
		var row shop.ItemsRow
		must(0, err)(t)
		must(0, json.Unmarshal(*change.New, &row))(t)
		found, seqs = append(found, row.Sku), append(seqs, change.Seq)
		if len(found) == 1 {
			go func() { others <- disturb() }()
		}
		if len(found) == len(skus) {
			break
		}
	}
	must(0, <-others)(t)
	same(t, found, skus)
	again := []string{}
	brief, cancel := context.WithCancel(ctx)
	defer cancel()
	for change, err := range client.Listen(brief, seqs[40]) {
		if again = append(again, must(change, err)(t).Seq); len(again) == 39 {
			time.AfterFunc(200*time.Millisecond, cancel)
		}
	}
	same(t, again, seqs[41:])
	for _, err := range client.Listen(ctx, "99999") {
		refused(t, err, shop.ErrNotFound, "history_gone")
	}
}

func TestASilentConnectionIsMadeAgain(t *testing.T) {
	client := connect(t, shop.Options{})
	since := fmt.Sprint(must(client.Commits(ctx, url.Values{"limit": {"1"}}))(t)[0]["id"])
	must(shop.Items.In(client).Insert(shop.ItemsInsert{Sku: "heard"}).Exec(ctx))(t)
	options := shop.Options{Timeout: 500 * time.Millisecond, Header: http.Header{"X-Stall": {"go"}}}
	for change, err := range must(shop.Connect(os.Getenv("CUTTING_URL"), options))(t).Listen(ctx, since) {
		same(t, strings.Contains(string(*must(change, err)(t).New), `"sku":"heard"`), true)
		break
	}
}

func TestWhatHappensToRowsHasTypes(t *testing.T) {
	client := connect(t, shop.Options{})
	since := fmt.Sprint(must(client.Commits(ctx, url.Values{"limit": {"1"}}))(t)[0]["id"])
	items := shop.Items.In(client)
	made := shop.ItemsInsert{Id: shop.Set[int64](1), Sku: "a", Price: shop.Set(shop.Decimal("2.50")), Photo: shop.Set([]byte{255})}
	must(items.Insert(made).Exec(ctx))(t)
	must(items.Insert(shop.ItemsInsert{Id: shop.Set[int64](2), Sku: "other"}).Exec(ctx))(t)
	must(items.Update(shop.ItemsUpdate{Stock: shop.Set[int64](big)}).Key(1).Exec(ctx))(t)
	must(items.Update(shop.ItemsUpdate{Sku: shop.Set("b, (1)")}).Key(1).Exec(ctx))(t)
	must(items.Update(shop.ItemsUpdate{Sku: shop.Set("a")}).Key(1).Exec(ctx))(t)
	must(items.Delete().Key(1).Exec(ctx))(t)
	found := []shop.LiveChange[shop.ItemsRow]{}
	for change, err := range items.Listen(ctx, since, shop.Eq("sku", "a"), shop.Lt("id", 5)) {
		if found = append(found, must(change, err)(t)); change.Op == shop.OpDelete {
			break
		}
	}
	ops := []shop.Op{}
	for _, change := range found {
		ops = append(ops, change.Op)
	}
	same(t, ops, []shop.Op{shop.OpInsert, shop.OpUpdate, shop.OpLeave, shop.OpInsert, shop.OpDelete})
	same(t, []any{*found[0].New.Price, found[0].New.Photo}, []any{shop.Decimal("2.5000"), []byte{255}})
	same(t, []any{*found[1].New.Stock, found[1].Changed, string(found[1].Key)}, []any{int64(big), []string{"stock"}, "[1]"})
	same(t, []any{found[2].New == nil, *found[2].Old}, []any{true, *found[1].New})
	for _, err := range items.Listen(ctx, "", shop.Eq("nmae", "x")) {
		refused(t, err, shop.ErrBadRequest, "unknown_column")
	}
}

func TestDryRunsAndErrors(t *testing.T) {
	client := connect(t, shop.Options{})
	people := shop.People.In(client)
	same(t, len(must(people.Delete().Where(shop.Eq("id", 3)).DryRun().Rows(ctx, "id"))(t)), 1)
	same(t, must(people.Select().Count(ctx))(t), int64(3))
	_, err := people.Select().Where(shop.Eq("nmae", "x")).All(ctx)
	refused(t, err, shop.ErrBadRequest, "unknown_column")
	same(t, strings.Contains(err.Error(), "name"), true)
	_, err = shop.People.In(client.At("nowhere")).Select().All(ctx)
	refused(t, err, shop.ErrNotFound, "unknown_ref")
	closed := must(shop.Connect("http://127.0.0.1:9", shop.Options{Retries: &shop.Retries{}}))(t)
	_, _, err = shop.People.In(closed).Get(ctx, 1)
	var unanswered *shop.ConnectionError
	same(t, errors.As(err, &unanswered), true)
}

func TestADriftedSchemaIsToldOnce(t *testing.T) {
	told := []string{}
	client := connect(t, shop.Options{OnDrift: func(current string) { told = append(told, current) }})
	_, _, err := shop.People.In(client).Get(ctx, 1)
	must(0, err)(t)
	same(t, told, []string{})
	must(client.CreateBranch(ctx, "go.drifted"))(t)
	branch := shop.People.In(client.At("go.drifted"))
	must(branch.InsertCSV("id,name,brand_new\n70,x,1\n").Exec(ctx))(t)
	for range 2 {
		_, _, err = branch.Get(ctx, 70)
		must(0, err)(t)
	}
	same(t, len(told), 1)
	must(0, client.DeleteBranch(ctx, "go.drifted"))(t)
}

func TestLostUpdatesAreNoticed(t *testing.T) {
	client := connect(t, shop.Options{})
	items := shop.Items.In(client)
	must(items.Insert(shop.ItemsInsert{Id: shop.Set[int64](1), Sku: "a"}).Exec(ctx))(t)
	_, seen, err := items.Get(ctx, 1)
	must(0, err)(t)
	change := items.Update(shop.ItemsUpdate{Stock: shop.Set[int64](1)}).Key(1).IfMatch(seen.ETag)
	must(change.Exec(ctx))(t)
	_, err = change.Exec(ctx)
	refused(t, err, shop.ErrChanged, "precondition_failed")
	_, seen, _ = items.Get(ctx, 1)
	must(items.Delete().Key(1).IfMatch(seen.ETag).Exec(ctx))(t)
}

func TestAWriteWhoseAnswerIsLostIsDoneOnce(t *testing.T) {
	items := shop.Items.In(connect(t, shop.Options{}))
	cut := func(name string, retries *shop.Retries) *shop.Client {
		options := shop.Options{Header: http.Header{"X-Cut": {"go " + name}}, Retries: retries}
		return must(shop.Connect(os.Getenv("CUTTING_URL"), options))(t)
	}
	made := must(shop.Items.In(cut("insert", nil)).Insert(shop.ItemsInsert{Sku: "once"}).Exec(ctx))(t)
	same(t, []any{made.Replayed, must(items.Select().Count(ctx))(t)}, []any{true, int64(1)})
	gone := must(shop.Items.In(cut("delete", nil)).Delete().Where(shop.Eq("sku", "once")).Exec(ctx))(t)
	same(t, []any{gone.Replayed, must(items.Select().Count(ctx))(t)}, []any{true, int64(0)})
	merging := cut("merge", nil)
	_, err := merging.CreateBranch(ctx, "go.once")
	var unanswered *shop.ConnectionError
	same(t, errors.As(err, &unanswered), true)
	must(0, merging.DeleteBranch(ctx, "go.once"))(t)
}

func TestSavedQueriesAreCalled(t *testing.T) {
	client := connect(t, shop.Options{})
	call := func(client *shop.Client, arguments shop.StaffArguments) []shop.StaffFound {
		t.Helper()
		return must(shop.StaffQuery.Call(ctx, client, arguments))(t)
	}
	rows := call(client, shop.StaffArguments{Least: 2})
	same(t, len(rows), 2)
	same(t, []any{*rows[0].Id, *rows[0].Name, *rows[0].Born, string(rows[0].Sum)}, []any{int64(2), "Grace", shop.Date("1906-12-09"), "2"})
	same(t, rows[1].Born, (*shop.Date)(nil))
	likeA := shop.StaffArguments{Least: 1, Like: shop.Set("A%"), More: shop.Set[int64](big - 1)}
	same(t, string(call(client, likeA)[0].Sum), fmt.Sprint(big))
	day := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	all := must(shop.EveryTypeQuery.Call(ctx, client, shop.EveryTypeArguments{
		Text: shop.Set("ä&=+"), Integer: shop.Set[int64](big), Real: shop.Set(0.1), Decimal: shop.Set(shop.Decimal("1.5000")),
		Boolean: shop.Set(true), Date: shop.Set(shop.DateOf(day)), Timestamp: shop.Set(day),
		Uuid: shop.Set("6f9619ff-8b86-4011-b42d-00c04fc964ff"), Json: shop.Set(json.RawMessage(`{"a":[1,null]}`)),
		Bytes: shop.Set([]byte{0, 255}),
	}))(t)
	same(t, []string{string(all[0].Text), string(all[0].Integer), string(all[0].Real)}, []string{`"ä&=+"`, fmt.Sprint(big), "0.1"})
	none := must(shop.EveryTypeQuery.Call(ctx, client, shop.EveryTypeArguments{}))(t)
	same(t, string(none[0].Integer), "null")
	same(t, string(must(shop.EveryType2Query.Call(ctx, client, shop.EveryType2Arguments{}))(t)[0].One), "1")
	odd := must(shop.ClassQuery.Call(ctx, client, shop.ClassArguments{Self: "me", From: 7}))(t)
	same(t, string(odd[0].From), "7")
	must(shop.Items.In(client).Insert(shop.ItemsInsert{Sku: "a", Made: shop.Set(shop.DateOf(day))}).Exec(ctx))(t)
	items := must(shop.ListQuery.Call(ctx, client, shop.ListArguments{}))(t)
	same(t, []any{*items[0].Price, *items[0].Made}, []any{shop.Decimal("1.5000"), shop.Date("2024-02-29")})
	moment := fmt.Sprint(must(client.Commits(ctx, url.Values{"limit": {"1"}}))(t)[0]["at"])
	must(client.CreateBranch(ctx, "go.called"))(t)
	branch := client.At("go.called")
	must(shop.People.In(branch).Update(shop.PeopleUpdate{Name: shop.Set("Ada L.")}).Key(1).Exec(ctx))(t)
	same(t, *call(branch, likeA)[0].Name, "Ada L.")
	same(t, *call(client.At("main@"+moment), likeA)[0].Name, "Ada")
	must(0, client.DeleteBranch(ctx, "go.called"))(t)
	_, err := shop.StaffQuery.Call(ctx, client, shop.StaffArguments{Like: shop.Set("\x00")})
	refused(t, err, shop.ErrBadRequest, "invalid_value")
	same(t, len(must(shop.CountQuery.Call(ctx, client, shop.CountArguments{Rows: 10_000}))(t)), 10_000)
	_, err = shop.CountQuery.Call(ctx, client, shop.CountArguments{Rows: 10_001})
	same(t, errors.Is(err, shop.ErrIncomplete), true)
	options := shop.Options{Header: http.Header{"X-Cut": {"go call"}}}
	cut := must(shop.Connect(os.Getenv("CUTTING_URL"), options))(t)
	same(t, len(call(cut, shop.StaffArguments{Least: 3})), 1)
}

func TestABatchIsOneCommit(t *testing.T) {
	client := connect(t, shop.Options{})
	people, items := shop.People.In(client), shop.Items.In(client)
	results := must(client.Batch(ctx, true,
		people.Insert(shop.PeopleInsert{Id: shop.Set[int64](60), Name: "Yasujirō"}),
		items.Insert(shop.ItemsInsert{Id: shop.Set[int64](1), Sku: "by him", MakerId: shop.Ref[int64](0, "id")}).Returning("maker_id"),
		items.Update(shop.ItemsUpdate{Stock: shop.Set[int64](7)}).Key(1),
		items.InsertCSV("sku\nplain\n"),
	))(t)
	same(t, []int{results[0].Status, results[1].Status, results[2].Status, results[3].Status}, []int{201, 201, 204, 201})
	same(t, string(results[1].Body), `[{"maker_id":60}]`)
	_, err := client.Batch(ctx, true, items.Delete().Key(1), items.Insert(shop.ItemsInsert{Sku: "plain"}))
	refused(t, err, shop.ErrConflict, "unique_violation")
	same(t, must(items.Select().Count(ctx))(t), int64(2))
	must(items.Delete().EveryRow().Exec(ctx))(t)
	must(people.Delete().Key(60).Exec(ctx))(t)
}

func TestAWalkIsOfOneMoment(t *testing.T) {
	client := connect(t, shop.Options{})
	items := shop.Items.In(client)
	skus, rows := make([]string, 30), make([]shop.ItemsInsert, 30)
	for number := range rows {
		skus[number] = fmt.Sprintf("w%02d", number)
		rows[number].Sku = skus[number]
	}
	must(items.Insert(rows...).Exec(ctx))(t)
	found := []string{}
	for page, err := range items.Select("sku").Order("sku", shop.Ascending).Pages(ctx, 10) {
		must(page, err)(t)
		if len(found) == 0 {
			must(items.Insert(shop.ItemsInsert{Sku: "a new one"}).Exec(ctx))(t)
			must(items.Delete().Where(shop.In("sku", skus[5:25]...)).Exec(ctx))(t)
		}
		for _, row := range page {
			found = append(found, row.Sku)
		}
	}
	same(t, found, skus)
}

func TestEachRowGetsItsOwnValuesAndLongQueriesFit(t *testing.T) {
	client := connect(t, shop.Options{})
	items := shop.Items.In(client)
	must(items.Insert(shop.ItemsInsert{Id: shop.Set[int64](1), Sku: "a"}, shop.ItemsInsert{Id: shop.Set[int64](2), Sku: "b"}).Exec(ctx))(t)
	must(items.UpdateEach(nil,
		shop.ItemsUpdate{Id: shop.Set[int64](1), Stock: shop.Set[int64](5)},
		shop.ItemsUpdate{Id: shop.Set[int64](2), Weight: shop.Set(0.5)},
	).Exec(ctx))(t)
	rows := must(items.Select("stock", "weight").Order("id", shop.Ascending).All(ctx))(t)
	same(t, []any{*rows[0].Stock, *rows[1].Weight}, []any{int64(5), 0.5})
	_, err := items.UpdateEach(nil, shop.ItemsUpdate{Id: shop.Set[int64](9), Stock: shop.Set[int64](5)}).Exec(ctx)
	refused(t, err, shop.ErrNotFound, "not_found")
	ids := make([]int, 5_000)
	for number := range ids {
		ids[number] = number + 2
	}
	long := shop.People.In(client).Select("id").Where(shop.In("id", ids...))
	same(t, []any{len(must(long.All(ctx))(t)), must(long.Count(ctx))(t)}, []any{2, int64(2)})
}
