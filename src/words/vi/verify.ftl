# Lỗi phát hiện khi kiểm chứng nhật ký: phát hiện gì, tại mục nào, có nghĩa gì.
verify-signature = { $what ->
    [untrusted] Không khóa nào đã cho ký điểm kiểm của nhật ký
    [head] Nội dung được ký không phải là điểm kiểm của nhật ký
   *[note] Điểm kiểm của nhật ký không phải là văn bản có chữ ký
}. Hoặc điểm kiểm do khóa khác ký, hoặc bản ghi đã bị sửa sau khi ký; không có gì bảo đảm cho nhật ký này
verify-leaf = Mục { $entry } { $what ->
    [long] dài quá mức cho phép
    [version] thuộc định dạng mà phiên bản này không biết ({ $found })
    [boot] ghi sai mã lần khởi động
    [body] không có đúng các trường của loại `{ $kind }`
    [value] chứa giá trị không được phép
   *[spelling] không đúng dạng chuẩn tắc, từ byte { $at }
}. Phần mềm không bao giờ ghi như vậy: mục này đã bị sửa và có thể bị hiểu theo hai cách khác nhau
verify-seq = Mục ở vị trí { $entry } lại ghi là mục { $found }: có mục bị bỏ, bị lặp hoặc bị đổi chỗ
verify-row = Mục { $entry } được lưu dưới số `{ $found }`: bảng dữ liệu đã bị sửa bằng tay, việc tra cứu có thể cho ra mục khác
verify-opening = Nhật ký không bắt đầu bằng mục mở nhật ký: phần đầu đã bị cắt hoặc bị thay
verify-origin = Nhật ký được mở với tên `{ $found }` nhưng điểm kiểm lại ký cho `{ $wanted }`: các mục của nhật ký này nằm dưới chữ ký của nhật ký khác
verify-opened-twice = Mục { $entry } mở nhật ký ngay giữa nhật ký này: hai nhật ký đã bị ghép làm một
verify-short = Nhật ký có { $found } mục nhưng điểm kiểm đã ký cho { $wanted } mục: các mục đã ký đã bị mất
verify-unsigned = Nhật ký có { $found } mục nhưng điểm kiểm chỉ ký cho { $wanted } mục: đài chưa từng ký cho phần còn lại
verify-root = Gốc cây băm của { $found } mục khác với điểm kiểm đã ký: ít nhất một mục đã bị sửa
verify-altered = Mục { $entry } không khớp với mã băm mà cây còn giữ: mục này đã bị sửa sau khi ghi
verify-boottime-back = Tại mục { $entry }, thời gian kể từ khi khởi động lùi lại { $ms } ms trong cùng một lần khởi động: máy đã bị đưa về trạng thái cũ hoặc có mục bị ghi lùi thời gian
verify-clock-step = Tại mục { $entry }, đồng hồ nhảy { $ms } ms mà không có mục nào giải thích: thời gian từ đây có thể sai hoặc có mục bị ghi lùi thời gian
verify-boot-missing = Mục { $entry } thuộc lần khởi động máy khác nhưng không có mục khởi động đứng trước: thiếu mục, hoặc mục lấy từ máy khác
verify-wall-behind = Mục { $entry } bắt đầu một lượt phát khi đồng hồ chậm { $ms } ms so với nhật ký mà chưa ai chỉnh hoặc xác nhận: giờ ghi của lượt phát này không chứng minh được gì
verify-head = Số mục lưu kèm điểm kiểm khác với số mục đã ký: phần này đã bị sửa bằng tay
verify-schema = `{ $name }` trong cơ sở dữ liệu của nhật ký không đúng như phần mềm tạo ra: đã bị sửa, bị xóa hoặc bị thêm vào, việc tra cứu có thể khác với nội dung các mục
verify-unread = Không đọc các mục: bảng chứa chúng không đúng như phần mềm tạo ra, có thể trả về nội dung bất kỳ
verify-node = Nút { $node } của cây băm đã lưu, ghi cùng mục { $entry }, bị sai: các mục vẫn nguyên vẹn nhưng bằng chứng lập từ cây này sẽ không hợp lệ
verify-nodes-more = Cây băm đã lưu có nút không thuộc mục nào: có mục đã bị xóa hoặc cây đã bị sửa bằng tay
verify-blob-missing = { $kind ->
    [schedule] Lịch phát
    [slots] Danh sách lượt phát
    [approval] Bản phê duyệt
    [config] Cấu hình
    [plan] Kế hoạch năm
    [statement] Lời xác nhận đã ký
    [checkpoint] Điểm kiểm của kỳ nhật ký trước
   *[endorsement] Bản xác nhận khóa mới
} mà mục { $entry } nêu (SHA-256 { $digest }) không còn được lưu: không còn kiểm tra lại được nội dung đó
verify-blob-altered = Nội dung lưu kèm nhật ký dưới mã { $digest } có SHA-256 khác: lịch phát, phê duyệt hoặc cấu hình đã bị sửa sau khi ghi
verify-blob-kind = Nội dung lưu kèm nhật ký dưới mã { $digest } mang nhãn khác với mục đã nêu nó: nhãn đã bị sửa bằng tay
verify-blob-large = Nội dung mà mục { $entry } nêu (SHA-256 { $digest }) dài quá { $most } byte; không lịch phát, phê duyệt hay cấu hình nào dài như vậy nên không xét nội dung này
verify-unjudged = Đến mục { $entry }, nhật ký đã nêu hơn { $most } byte cấu hình, danh sách lượt phát, phê duyệt và lời xác nhận, gấp nhiều lần mức một đài có thể có: nhật ký được làm ra để vắt kiệt máy kiểm chứng; từ đây không xét lượt phát và chữ ký nữa
verify-statement = Lời xác nhận của mục { $entry } { $what ->
    [other] có nội dung khác với mục đó
   *[untrusted] không do khóa nào mà đài tin cậy lúc đó ký
}: không ai có thẩm quyền xác nhận lượt phát tay này
verify-approval = Bản phê duyệt lịch phát được nhận ở mục { $entry } { $what ->
    [other] có nội dung khác với lịch đó
   *[untrusted] không do khóa nào mà đài tin cậy lúc đó ký
}: lịch này chưa được duyệt để phát
verify-urgent = Chương trình khẩn cấp ở mục { $entry } { $what ->
    [other] không phải chương trình mà gói của nó nêu
    [missing] không thuộc gói nào đã được nhận trước đó
   *[untrusted] không có đủ chữ ký của biên tập và hai người duyệt trong tệp tin cậy
}: chương trình này chưa được duyệt để phát
verify-anchor = Xác nhận của nhân chứng ở mục { $entry } { $what ->
    [beyond] nói về { $size } mục, nhiều hơn số mục đứng trước nó
    [root] là của một lịch sử khác: { $size } mục đầu của nhật ký này không phải là những mục mà nhân chứng đã thấy
    [signature] không đúng chữ ký của `{ $by }`
   *[unknown] mang tên `{ $by }`, không phải khóa của trung tâm theo cấu hình lúc đó
}: mục này hoặc các mục trước nó đã bị làm giả; hãy yêu cầu trung tâm đưa ra điểm kiểm mà trung tâm giữ (`loa fleet`) rồi đối chiếu
verify-rolled-back = Nhật ký có { $found } mục nhưng tệp mức cao nhất bên cạnh đã ghi nhận { $wanted } mục: một bản sao cũ của nhật ký đã bị đưa trở lại
verify-forked = { $size } mục đầu không phải là những mục mà tệp mức cao nhất bên cạnh đã ghi nhận: nhật ký đã bị thay bằng nhật ký khác
verify-high-water = Tệp mức cao nhất `{ $file }` bị hỏng: không còn căn cứ để biết nhật ký có bị thay bằng bản sao cũ hay không
verify-high-water-missing = Thiếu tệp mức cao nhất `{ $file }` dù nhật ký đã dài hơn mục mở đầu: ai đưa bản sao cũ của nhật ký trở lại sẽ xóa đúng tệp này
verify-code-differs = Nhật ký không có mã { $code }: tại { $size } mục, mã của nhật ký là { $found }. Sổ trực đã ghi mã của một nhật ký khác: các mục đến thời điểm đó đã bị viết lại
verify-code-beyond = Mã { $code } được ghi khi nhật ký có { $wanted } mục nhưng nay chỉ còn { $found } mục: các mục từng có đã bị mất
verify-database = Tệp nhật ký bị hỏng: { $what ->
    [other] tệp không phải cơ sở dữ liệu
    [short] tệp bị cụt
    [corrupt] cấu trúc bên trong bị hỏng
    [index] chỉ mục không khớp với bảng dữ liệu
   *[content] có phần không đọc được
}. Phần không đọc được thì không còn chứng minh được
verify-foreign = Tệp này không phải nhật ký của chương trình: { $version ->
    [none] đây là cơ sở dữ liệu của chương trình khác
   *[other] các bảng có phiên bản { $version }
}. Tệp đã bị thay hoặc bị hỏng
verify-key = Khóa công khai của đài trong `{ $file }` bị hỏng: không có khóa thì không kiểm tra được chữ ký
verify-before = Nhật ký này được mở lúc { $opened }, sau khi nhật ký `{ $origin }` kết thúc ({ $reason ->
    [rollback] một bản sao cũ của nhật ký đó đã bị đưa trở lại
    [fork] nhật ký khác đã nằm ở chỗ đó
    [damaged] nhật ký đó bị hỏng
    [lost] nhật ký đó bị mất
    [key] khóa của nhật ký đó bị mất hoặc là khóa khác
   *[other] { $reason }
}). { $endorsed ->
    [opened] Khóa của nhật ký đó xác nhận khóa của nhật ký này.
    [unopened] Chưa kiểm tra được khóa của nhật ký đó có xác nhận khóa của nhật ký này hay không: hãy đưa thêm khóa công khai của nó bằng --key.
   *[no] Khóa của nhật ký đó không xác nhận khóa của nhật ký này.
}
verify-epoch = { $what ->
    [checkpoint] Nội dung mà nhật ký này coi là điểm kiểm cuối của kỳ trước không phải điểm kiểm của nhật ký đó
    [checkpoint-key] Điểm kiểm cuối của kỳ trước không do khóa của kỳ đó ký
    [endorsement] Bản xác nhận của kỳ trước không nêu đúng khóa của nhật ký này và lý do kỳ trước kết thúc
    [endorsement-key] Bản xác nhận của kỳ trước không do khóa của kỳ đó ký
   *[keys] Điểm kiểm cuối của kỳ trước và bản xác nhận của kỳ đó do hai khóa khác nhau ký
}: không chứng minh được nhật ký này nối tiếp kỳ đó
verify-before-slots = { $count } lượt phát trong các danh sách của nhật ký này có giờ trước { $opened } và không được tính ở đây: kết quả của chúng phải tìm trong nhật ký `{ $origin }`. Lượt nào nhật ký đó cũng không ghi kết quả thì không có kết quả.
verify-slots = Lượt phát theo lịch: { $listed }; phát đủ { $full }, kết quả khác { $other }, chưa đến giờ hoặc đang phát { $open }, không có kết quả { $without }.
verify-slots-unjudged = Không đối chiếu được lượt phát nào: các mục không phải là những mục đã ký.
verify-own-key = Không có khóa nào được đưa vào: chỉ dùng khóa nằm sẵn ở đây, nên kết quả chỉ cho thấy dữ liệu tự khớp với chính nó. Muốn biết đúng đài nào đã ký, hãy kiểm lại với --key và khóa công khai nhận riêng từ đài.
bundle-missing = Gói thiếu tệp `{ $file }`
bundle-foreign = Tệp `{ $file }` không thuộc nhật ký có số mục như điểm kiểm đã ký
bundle-tile = Các mã băm trong `{ $file }` không khớp với ô ở tầng trên: có chỗ đã bị sửa
bundle-tile-length = Tệp `{ $file }` không có đúng số mã băm phải có
bundle-root = Các ô mã băm ở mép phải của cây không dẫn tới gốc đã ký: có chỗ đã bị sửa
bundle-entries = Tệp `{ $file }` không chia được thành đúng số mục phải có
bundle-blob = Nội dung của `{ $file }` không đúng với mã băm mà nhật ký ghi
bundle-approver = Khóa trong `{ $file }` không phải khóa duyệt nào mà cấu hình của đài trong gói tin cậy: đừng dùng nó để mở bản phê duyệt
bundle-media = Tệp âm thanh `{ $file }` không phải tệp đã duyệt
bundle-manifest = `{ $file }` không nói về nhật ký mà điểm kiểm đã ký, hoặc các ngày ghi trong đó không hợp lệ
bundle-stretches = Những mục có trong gói không phải những mục mà `{ $file }` kê khai: có tệp đã bị lấy đi hoặc thêm vào
bundle-gap = Các mục trong gói không phủ liền mạch khoảng thời gian mà `{ $file }` kê khai: có mục đã bị lấy đi hoặc khoảng thời gian đã bị sửa
bundle-damaged = Tệp `{ $file }` trong gói bị hỏng: { $detail }
bundle-member-large = Tệp `{ $file }` trong gói lớn quá mức cho phép ({ $most } byte)
